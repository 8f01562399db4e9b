import type { ErrorCode } from '../../src/base/error-codes.ts';

/** A request that must be refused, with the refusal. */
export interface RestCase {
  readonly name: string;
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE' | 'PATCH';
  readonly path: string;
  /** Absent: a body goes as `application/json`. */
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: string | Buffer;
  readonly code: ErrorCode;
  /** Absent: the answer names no field. */
  readonly field?: string;
}

/** The collection that the cases are about: three numbers a vector, cosine, with the one point `"a"`. */
export const CASES_COLLECTION = 'cases';

const IN = `"collection":"${CASES_COLLECTION}"`;
const SEARCH = '/vectors/search';
const ADMIN = '/admin/collections';

type Case = Omit<RestCase, 'name' | 'code' | 'field'>;

const post = (path: string, body: string | Buffer): Case => ({ method: 'POST', path, body });
const refused = (name: string, request: Case, code: ErrorCode, field?: string): RestCase => ({
  name,
  ...request,
  code,
  ...(field === undefined ? {} : { field }),
});

const upsert = (fields: string): Case => post('/vectors', `{${IN},${fields}}`);
const search = (fields: string): Case => post(SEARCH, `{${IN},${fields}}`);
const found = '"vector":[1,2,3]';
const filtered = (filter: string): Case => search(`${found},"filter":${filter}`);
const create = (body: string): Case => ({ method: 'PUT', path: `${ADMIN}/refused`, body });
const index = (body: string): Case => ({
  method: 'PUT',
  path: `${ADMIN}/${CASES_COLLECTION}/indexes/year`,
  body,
});

const bodies: readonly RestCase[] = [
  refused('no body', { method: 'POST', path: SEARCH }, 'MALFORMED_BODY', 'body'),
  refused('white space only', post(SEARCH, '  \n'), 'MALFORMED_BODY', 'body'),
  refused('no JSON', post(SEARCH, 'vector=1'), 'MALFORMED_BODY', 'body'),
  refused('half a body', post(SEARCH, '{"vector":[1,2'), 'MALFORMED_BODY', 'vector[1]'),
  refused('something after the body', post(SEARCH, `{${found}}}`), 'MALFORMED_BODY', 'body'),
  refused('a byte order mark', post(SEARCH, `\uFEFF{${found}}`), 'MALFORMED_BODY', 'body'),
  refused('an array', post(SEARCH, '[1,2,3]'), 'INVALID_ARGUMENT', 'body'),
  refused('a text', post(SEARCH, '"vector"'), 'INVALID_ARGUMENT', 'body'),
  refused('null', post(SEARCH, 'null'), 'INVALID_ARGUMENT', 'body'),
  refused('single quotes', post(SEARCH, "{'vector':[1]}"), 'MALFORMED_BODY', 'body'),
  refused('a comment', post(SEARCH, `{/* */${found}}`), 'MALFORMED_BODY', 'body'),
  refused('the same key twice', search(`${found},"limit":1,"limit":2`), 'MALFORMED_BODY', 'limit'),
  refused(
    'the same key twice, once escaped',
    search(`${found},"limit":1,"\\u006cimit":2`),
    'MALFORMED_BODY',
    'limit',
  ),
  refused(
    'bytes that are not UTF-8',
    post(
      SEARCH,
      Buffer.concat([Buffer.from('{"using":"'), Buffer.of(0xc3, 0x28), Buffer.from('"}')]),
    ),
    'MALFORMED_BODY',
    'body',
  ),
  refused(
    'deep nesting',
    search(`${found},"filter":${'['.repeat(200)}${']'.repeat(200)}`),
    'MALFORMED_BODY',
    `filter${'[0]'.repeat(71)}`,
  ),
  refused(
    'another content type',
    { ...post(SEARCH, `{${found}}`), headers: { 'content-type': 'application/xml' } },
    'UNSUPPORTED_MEDIA_TYPE',
    'content-type',
  ),
  refused(
    'another charset',
    {
      ...post(SEARCH, `{${found}}`),
      headers: { 'content-type': 'application/json; charset=utf-16' },
    },
    'UNSUPPORTED_MEDIA_TYPE',
    'content-type',
  ),
  refused(
    'a form that is no JSON',
    {
      ...post(SEARCH, 'vector=1&limit=2'),
      headers: { 'content-type': 'application/x-www-form-urlencoded' },
    },
    'UNSUPPORTED_MEDIA_TYPE',
    'content-type',
  ),
  refused(
    'a compressed body',
    {
      ...post(SEARCH, `{${found}}`),
      headers: { 'content-type': 'application/json', 'content-encoding': 'gzip' },
    },
    'UNSUPPORTED_MEDIA_TYPE',
    'content-encoding',
  ),
];

const points: readonly RestCase[] = [
  refused('no id', upsert(found), 'INVALID_ARGUMENT', 'id'),
  refused('no vector', upsert('"id":"x"'), 'INVALID_ARGUMENT', 'vector'),
  refused('an id that is null', upsert(`"id":null,${found}`), 'INVALID_ARGUMENT', 'id'),
  refused('an id that is empty', upsert(`"id":"",${found}`), 'INVALID_ARGUMENT', 'id'),
  refused('a negative id', upsert(`"id":-1,${found}`), 'INVALID_ARGUMENT', 'id'),
  refused('an id with a fraction', upsert(`"id":1.5,${found}`), 'INVALID_ARGUMENT', 'id'),
  refused('an id of 2^64', upsert(`"id":18446744073709551616,${found}`), 'INVALID_ARGUMENT', 'id'),
  refused('an id that is an object', upsert(`"id":{},${found}`), 'INVALID_ARGUMENT', 'id'),
  refused(
    'an id that is too long',
    upsert(`"id":"${'x'.repeat(513)}",${found}`),
    'LIMIT_EXCEEDED',
    'id',
  ),
  refused(
    'an id that stands for bytes that were no text',
    upsert(`"id":"a\ufffd",${found}`),
    'INVALID_ARGUMENT',
    'id',
  ),
  refused('half a surrogate pair as id', upsert(`"id":"\\ud83d",${found}`), 'MALFORMED_BODY', 'id'),
  refused(
    'a vector that is a text',
    upsert('"id":"x","vector":"1,2,3"'),
    'INVALID_ARGUMENT',
    'vector',
  ),
  refused('a vector that is null', upsert('"id":"x","vector":null'), 'INVALID_ARGUMENT', 'vector'),
  refused('an empty vector', upsert('"id":"x","vector":[]'), 'INVALID_VECTOR', 'vector'),
  refused(
    'a text in a vector',
    upsert('"id":"x","vector":[1,"2",3]'),
    'INVALID_VECTOR',
    'vector[1]',
  ),
  refused(
    'null in a vector',
    upsert('"id":"x","vector":[1,2,null]'),
    'INVALID_VECTOR',
    'vector[2]',
  ),
  refused('NaN in a vector', upsert('"id":"x","vector":[NaN,2,3]'), 'INVALID_VECTOR', 'vector[0]'),
  refused(
    'infinity in a vector',
    upsert('"id":"x","vector":[1,-Infinity,3]'),
    'INVALID_VECTOR',
    'vector[1]',
  ),
  refused(
    '1e39 in a vector',
    upsert('"id":"x","vector":[1,2,1e39]'),
    'INVALID_VECTOR',
    'vector[2]',
  ),
  refused(
    'an array in a vector',
    upsert('"id":"x","vector":[[1,2,3]]'),
    'INVALID_VECTOR',
    'vector[0]',
  ),
  refused(
    'a vector that is too short',
    upsert('"id":"x","vector":[1,2]'),
    'DIMENSION_MISMATCH',
    'vector',
  ),
  refused(
    'a vector that is too long',
    upsert('"id":"x","vector":[1,2,3,4]'),
    'DIMENSION_MISMATCH',
    'vector',
  ),
  refused('zero under cosine', upsert('"id":"x","vector":[0,0,0]'), 'INVALID_VECTOR', 'vector'),
  refused(
    'a vector of an unknown name',
    upsert('"id":"x","vectors":{"title":[1]}'),
    'INVALID_ARGUMENT',
    'vectors.title',
  ),
  refused(
    'the unnamed vector twice',
    upsert(`"id":"x",${found},"vectors":{"":[1,2,3]}`),
    'INVALID_ARGUMENT',
    'vectors',
  ),
  refused(
    'a payload that is an array',
    upsert(`"id":"x",${found},"payload":[1]`),
    'INVALID_ARGUMENT',
    'payload',
  ),
  refused(
    'a payload that is a text',
    upsert(`"id":"x",${found},"payload":"{}"`),
    'INVALID_ARGUMENT',
    'payload',
  ),
  refused(
    'a key twice in a payload',
    upsert(`"id":"x",${found},"payload":{"a":1,"a":2}`),
    'MALFORMED_BODY',
    'payload',
  ),
  refused(
    'a deep payload',
    upsert(`"id":"x",${found},"payload":{"a":${'['.repeat(32)}${']'.repeat(32)}}`),
    'MALFORMED_BODY',
    'payload',
  ),
  refused(
    'a payload that is too large',
    upsert(`"id":"x",${found},"payload":{"a":"${'x'.repeat(1024 * 1024)}"}`),
    'LIMIT_EXCEEDED',
    'payload',
  ),
  refused('an unknown field', upsert(`"id":"x",${found},"paylod":{}`), 'UNKNOWN_FIELD', 'paylod'),
  refused('wait as a text', upsert(`"id":"x",${found},"wait":"true"`), 'INVALID_ARGUMENT', 'wait'),
  refused('no points', upsert('"points":[]'), 'INVALID_ARGUMENT', 'points'),
  refused('points that are no array', upsert('"points":{}'), 'INVALID_ARGUMENT', 'points'),
  refused(
    'points and one point',
    upsert(`"id":"x",${found},"points":[{"id":1,${found}}]`),
    'INVALID_ARGUMENT',
    'id',
  ),
  refused(
    'too many points',
    upsert(`"points":[${`{"id":1,${found}},`.repeat(10_000)}{"id":1,${found}}]`),
    'LIMIT_EXCEEDED',
    'points',
  ),
  refused(
    'an unknown field in a point',
    upsert(`"points":[{"id":1,${found},"vecto":[1]}]`),
    'UNKNOWN_FIELD',
    'points[0].vecto',
  ),
  refused(
    'a point without id',
    upsert(`"points":[{"id":1,${found}},{${found}}]`),
    'INVALID_ARGUMENT',
    'points[1].id',
  ),
  refused(
    'a point without vector',
    upsert(`"points":[{"id":1,${found}},{"id":2}]`),
    'INVALID_ARGUMENT',
    'points[1].vector',
  ),
  refused(
    'a text in the vector of a point',
    upsert(`"points":[{"id":1,${found}},{"id":2,"vector":[1,true,3]}]`),
    'INVALID_VECTOR',
    'points[1].vector[1]',
  ),
  refused(
    'a short vector in a batch',
    upsert(`"points":[{"id":1,${found}},{"id":2,"vector":[1]}]`),
    'DIMENSION_MISMATCH',
    'points[1].vector',
  ),
  refused(
    'a collection that is not there',
    post('/vectors', `{"collection":"nowhere","id":"x",${found}}`),
    'COLLECTION_NOT_FOUND',
    'collection',
  ),
  refused(
    'a collection without a name',
    post('/vectors', `{"collection":"","id":"x",${found}}`),
    'INVALID_ARGUMENT',
    'collection',
  ),
  refused(
    'a collection whose name is too long',
    post('/vectors', `{"collection":"${'é'.repeat(200)}","id":"x",${found}}`),
    'LIMIT_EXCEEDED',
    'collection',
  ),
  refused(
    'a point that is not there',
    { method: 'GET', path: `/vectors/nobody?collection=${CASES_COLLECTION}` },
    'POINT_NOT_FOUND',
    'id',
  ),
  refused(
    'an integer id that is none',
    { method: 'GET', path: '/vectors/a?id_type=integer' },
    'INVALID_ARGUMENT',
    'id',
  ),
  refused(
    'an unknown id type',
    { method: 'GET', path: '/vectors/a?id_type=uuid' },
    'INVALID_ARGUMENT',
    'id_type',
  ),
  refused(
    'an id in the path that is too long',
    { method: 'GET', path: `/vectors/${'x'.repeat(600)}` },
    'LIMIT_EXCEEDED',
    'id',
  ),
  refused(
    'an id in the path of which the router makes no parameter',
    { method: 'DELETE', path: `/vectors/${'x'.repeat(5_000)}` },
    'LIMIT_EXCEEDED',
    'path',
  ),
  refused(
    'an unknown parameter',
    { method: 'GET', path: '/vectors/a?colection=x' },
    'UNKNOWN_FIELD',
    'colection',
  ),
  refused(
    'a parameter twice',
    { method: 'GET', path: '/vectors/a?collection=x&collection=y' },
    'INVALID_ARGUMENT',
    'collection',
  ),
  refused(
    'a parameter that is no boolean',
    { method: 'DELETE', path: '/vectors/a?wait=1' },
    'INVALID_ARGUMENT',
    'wait',
  ),
  refused('deleting by nothing', post('/vectors/delete', `{${IN}}`), 'INVALID_ARGUMENT', 'ids'),
  refused(
    'deleting by ids and filter',
    post('/vectors/delete', `{${IN},"ids":["a"],"filter":{}}`),
    'INVALID_ARGUMENT',
    'filter',
  ),
  refused(
    'deleting no ids',
    post('/vectors/delete', `{${IN},"ids":[]}`),
    'INVALID_ARGUMENT',
    'ids',
  ),
  refused(
    'reading an id that is none',
    post('/vectors/get', `{${IN},"ids":["a",true]}`),
    'INVALID_ARGUMENT',
    'ids[1]',
  ),
  refused(
    'setting no payload',
    post('/vectors/payload', `{${IN},"ids":["a"]}`),
    'INVALID_ARGUMENT',
    'payload',
  ),
  refused(
    'overwriting with a number',
    { ...post('/vectors/payload', `{${IN},"ids":["a"],"payload":1}`), method: 'PUT' },
    'INVALID_ARGUMENT',
    'payload',
  ),
  refused(
    'deleting no keys',
    post('/vectors/payload/delete', `{${IN},"ids":["a"],"keys":[]}`),
    'INVALID_ARGUMENT',
    'keys',
  ),
  refused(
    'deleting a key that is no text',
    post('/vectors/payload/delete', `{${IN},"ids":["a"],"keys":["x",1]}`),
    'INVALID_ARGUMENT',
    'keys[1]',
  ),
  refused(
    'scrolling by nothing at a time',
    post('/vectors/scroll', `{${IN},"limit":0}`),
    'INVALID_ARGUMENT',
    'limit',
  ),
  refused(
    'scrolling from no id',
    post('/vectors/scroll', `{${IN},"from":1.5}`),
    'INVALID_ARGUMENT',
    'from',
  ),
  refused(
    'counting with a consistency that there is none of',
    post('/vectors/count', `{${IN},"consistency":"eventual"}`),
    'INVALID_ARGUMENT',
    'consistency',
  ),
  refused(
    'scrolling with a text in the place of a switch',
    post('/vectors/scroll', `{${IN},"allow_partial":"yes"}`),
    'INVALID_ARGUMENT',
    'allow_partial',
  ),
  refused(
    'one search of several with a consistency of its own',
    post('/vectors/search/batch', `{"searches":[{${IN},${found},"consistency":"local"}]}`),
    'UNKNOWN_FIELD',
    'searches[0].consistency',
  ),
  refused(
    'reading a point with a consistency that there is none of',
    { method: 'GET', path: `/vectors/a?collection=${CASES_COLLECTION}&consistency=no` },
    'INVALID_ARGUMENT',
    'consistency',
  ),
  refused('a session with a name', post('/sessions', '{"name":"x"}'), 'UNKNOWN_FIELD', 'name'),
  refused(
    'counting with an unknown field',
    post('/vectors/count', `{${IN},"filters":{}}`),
    'UNKNOWN_FIELD',
    'filters',
  ),
];

const searches: readonly RestCase[] = [
  refused('no vector', post(SEARCH, `{${IN}}`), 'INVALID_ARGUMENT', 'vector'),
  refused('one number', post(SEARCH, `{${IN},"vector":[0.1]}`), 'DIMENSION_MISMATCH', 'vector'),
  refused(
    'a vector of the wrong name',
    search(`${found},"using":"title"`),
    'INVALID_ARGUMENT',
    'using',
  ),
  refused('a limit of 0', search(`${found},"limit":0`), 'INVALID_ARGUMENT', 'limit'),
  refused('a limit of -1', search(`${found},"limit":-1`), 'INVALID_ARGUMENT', 'limit'),
  refused('a limit with a fraction', search(`${found},"limit":1.5`), 'INVALID_ARGUMENT', 'limit'),
  refused('a limit that is a text', search(`${found},"limit":"10"`), 'INVALID_ARGUMENT', 'limit'),
  refused('a limit that is null', search(`${found},"limit":null`), 'INVALID_ARGUMENT', 'limit'),
  refused('a limit that is too large', search(`${found},"limit":10001`), 'LIMIT_EXCEEDED', 'limit'),
  refused(
    'a limit beyond all integers',
    search(`${found},"limit":99999999999999999999`),
    'INVALID_ARGUMENT',
    'limit',
  ),
  refused(
    'an offset that is too large',
    search(`${found},"offset":100001`),
    'LIMIT_EXCEEDED',
    'offset',
  ),
  refused('an ef that is too large', search(`${found},"ef":10001`), 'LIMIT_EXCEEDED', 'ef'),
  refused(
    'a threshold that is a text',
    search(`${found},"score_threshold":"0.5"`),
    'INVALID_ARGUMENT',
    'score_threshold',
  ),
  refused('exact as a number', search(`${found},"exact":1`), 'INVALID_ARGUMENT', 'exact'),
  refused(
    'with_payload as a number',
    search(`${found},"with_payload":1`),
    'INVALID_ARGUMENT',
    'with_payload',
  ),
  refused(
    'with_payload of both kinds',
    search(`${found},"with_payload":{"include":["a"],"exclude":["b"]}`),
    'INVALID_ARGUMENT',
    'with_payload',
  ),
  refused(
    'with_vector as a text',
    search(`${found},"with_vector":"title"`),
    'INVALID_ARGUMENT',
    'with_vector',
  ),
  refused('an unknown field', search(`${found},"top":10`), 'UNKNOWN_FIELD', 'top'),
  refused('a filter that is an array', filtered('[]'), 'INVALID_FILTER', 'filter'),
  refused('a filter that is a text', filtered('"x"'), 'INVALID_FILTER', 'filter'),
  refused(
    'a filter with an unknown clause',
    filtered('{"mus":[]}'),
    'INVALID_FILTER',
    'filter.mus',
  ),
  refused(
    'no searches',
    post('/vectors/search/batch', `{${IN},"searches":[]}`),
    'INVALID_ARGUMENT',
    'searches',
  ),
  refused(
    'too many searches',
    post('/vectors/search/batch', `{${IN},"searches":[${`{${found}},`.repeat(100)}{${found}}]}`),
    'LIMIT_EXCEEDED',
    'searches',
  ),
  refused(
    'a number that is none in a batch',
    post('/vectors/search/batch', `{${IN},"searches":[{${found}},{"vector":[1,[],3]}]}`),
    'INVALID_VECTOR',
    'searches[1].vector[1]',
  ),
  refused(
    'an unknown field in a batch',
    post('/vectors/search/batch', `{${IN},"searches":[{${found},"limt":3}]}`),
    'UNKNOWN_FIELD',
    'searches[0].limt',
  ),
];

const administration: readonly RestCase[] = [
  refused('a collection without vectors', create('{}'), 'INVALID_ARGUMENT', 'vector'),
  refused(
    'no distance',
    create('{"vector":{"dimension":3}}'),
    'INVALID_ARGUMENT',
    'vector.distance',
  ),
  refused(
    'an unknown distance',
    create('{"vector":{"dimension":3,"distance":"Cosine"}}'),
    'INVALID_ARGUMENT',
    'vector.distance',
  ),
  refused(
    'a dimension of 0',
    create('{"vector":{"dimension":0,"distance":"dot"}}'),
    'INVALID_ARGUMENT',
    'vector.dimension',
  ),
  refused(
    'a dimension that is too large',
    create('{"vector":{"dimension":65537,"distance":"dot"}}'),
    'LIMIT_EXCEEDED',
    'vector.dimension',
  ),
  refused(
    'an unknown quantization',
    create('{"vector":{"dimension":3,"distance":"dot","quantization":"pq"}}'),
    'INVALID_ARGUMENT',
    'vector.quantization',
  ),
  refused(
    'an unknown setting',
    create('{"vector":{"dimension":3,"distance":"dot","ef":9}}'),
    'UNKNOWN_FIELD',
    'vector.ef',
  ),
  refused(
    'a collection that is there',
    {
      ...create('{"vector":{"dimension":3,"distance":"dot"}}'),
      path: `${ADMIN}/${CASES_COLLECTION}`,
    },
    'ALREADY_EXISTS',
    'name',
  ),
  refused(
    'describing what is not there',
    { method: 'GET', path: `${ADMIN}/nowhere` },
    'COLLECTION_NOT_FOUND',
    'collection',
  ),
  refused(
    'a name that is too long',
    { method: 'GET', path: `${ADMIN}/${'x'.repeat(256)}` },
    'LIMIT_EXCEEDED',
    'name',
  ),
  refused(
    'a name of which the router makes no parameter',
    { method: 'DELETE', path: `${ADMIN}/${'x'.repeat(5_000)}` },
    'LIMIT_EXCEEDED',
    'path',
  ),
  refused('an index without kind', index('{}'), 'INVALID_ARGUMENT', 'kind'),
  refused('an index of an unknown kind', index('{"kind":"number"}'), 'INVALID_ARGUMENT', 'kind'),
  refused(
    'a tokenizer for integers',
    index('{"kind":"integer","tokenizer":"word"}'),
    'INVALID_ARGUMENT',
    'tokenizer',
  ),
  refused(
    'tokens of no length',
    index('{"kind":"text","min_token_length":9,"max_token_length":2}'),
    'INVALID_ARGUMENT',
    'min_token_length',
  ),
  refused('no actions', post('/admin/aliases', '{"actions":[]}'), 'INVALID_ARGUMENT', 'actions'),
  refused(
    'an unknown action',
    post('/admin/aliases', '{"actions":[{"kind":"drop","alias":"x"}]}'),
    'INVALID_ARGUMENT',
    'actions[0].kind',
  ),
  refused(
    'an alias of nothing',
    post('/admin/aliases', '{"actions":[{"kind":"create","alias":"x"}]}'),
    'INVALID_ARGUMENT',
    'actions[0].collection',
  ),
  refused(
    'a rename to nothing',
    post('/admin/aliases', '{"actions":[{"kind":"rename","alias":"x"}]}'),
    'INVALID_ARGUMENT',
    'actions[0].new_alias',
  ),
];

const stamped = (session: string, sequence: string): Case => ({
  ...upsert('"id":"x","vector":[1,2,3]'),
  headers: { 'grape-session': session, 'grape-sequence': sequence },
});

const cluster: readonly RestCase[] = [
  refused('joining without a name', post('/cluster/join', '{}'), 'INVALID_ARGUMENT', 'node_id'),
  refused(
    'joining under an empty name',
    post('/cluster/join', '{"node_id":""}'),
    'INVALID_ARGUMENT',
    'node_id',
  ),
  refused(
    'joining at a number',
    post('/cluster/join', '{"node_id":"n","address":7000}'),
    'INVALID_ARGUMENT',
    'address',
  ),
  refused('leaving without a name', post('/cluster/leave', '{}'), 'INVALID_ARGUMENT', 'node_id'),
  refused(
    'leaving under a name that is too long',
    post('/cluster/leave', `{"node_id":"${'n'.repeat(256)}"}`),
    'LIMIT_EXCEEDED',
    'node_id',
  ),
  refused(
    'leaving with an unknown field',
    post('/cluster/leave', '{"node_id":"n","cancle":true}'),
    'UNKNOWN_FIELD',
    'cancle',
  ),
  refused(
    'evening out with a text in the place of a switch',
    post('/cluster/rebalance', '{"cancel":"yes"}'),
    'INVALID_ARGUMENT',
    'cancel',
  ),
  refused('a session without a number', stamped('s', ''), 'INVALID_ARGUMENT', 'grape-sequence'),
  refused(
    'a number that comes too late',
    stamped('s', '3/3'),
    'INVALID_ARGUMENT',
    'grape-sequence',
  ),
  refused('a number without a session', stamped('', '3/2'), 'INVALID_ARGUMENT', 'grape-session'),
];

const addresses: readonly RestCase[] = [
  refused('an address of nothing', { method: 'GET', path: '/nothing' }, 'NOT_FOUND', 'path'),
  refused('a slash too many', { method: 'GET', path: '/health/' }, 'NOT_FOUND', 'path'),
  refused(
    'another method',
    { method: 'PATCH', path: SEARCH, body: '{}' },
    'METHOD_NOT_ALLOWED',
    'method',
  ),
  refused(
    'reading where one writes',
    { method: 'GET', path: '/vectors' },
    'METHOD_NOT_ALLOWED',
    'method',
  ),
  refused(
    'a malformed escape in the path',
    { method: 'GET', path: '/vectors/%zz' },
    'INVALID_ARGUMENT',
    'path',
  ),
  refused(
    'a deadline of 0',
    { method: 'GET', path: '/vectors/a?timeout_ms=0' },
    'INVALID_ARGUMENT',
    'timeout_ms',
  ),
  refused(
    'a deadline that is a text',
    { method: 'GET', path: '/vectors/a', headers: { 'grape-timeout-ms': 'soon' } },
    'INVALID_ARGUMENT',
    'grape-timeout-ms',
  ),
];

/** Requests that every server refuses, whatever else is in it; none of them changes anything. */
export const REST_CASES: readonly RestCase[] = [
  ...bodies,
  ...points,
  ...searches,
  ...administration,
  ...cluster,
  ...addresses,
];
