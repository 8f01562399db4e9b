import { readFile } from 'node:fs/promises';

const PROTO = 'proto/grape/v1/grape.proto';
const FOLDER = 'src/api/grpc/generated';

const HEADER = `/* Made from ${PROTO} by scripts/generate-grpc-types.ts; not edited by hand. */

/* Every field may be absent, as it may on the wire. 64-bit integers are read as decimal text. */
`;

/** How a field of each scalar type looks once it is read; enums are their names, or numbers that are not known. */
const SCALARS: Readonly<Record<string, string>> = {
  string: 'string',
  bytes: 'Uint8Array',
  bool: 'boolean',
  float: 'number',
  double: 'number',
  uint32: 'number',
  uint64: 'string | number',
  int64: 'string | number',
};

/** A file that a generator makes: a path from the repository's root, and its text. */
export interface GeneratedFile {
  readonly path: string;
  readonly content: string;
}

/** The TypeScript types of the messages of grape.proto, for the drift check and for writing them: a file for each section, and one that has them all. */
export async function generateGrpcTypes(): Promise<GeneratedFile[]> {
  const proto = await readFile(new URL(`../${PROTO}`, import.meta.url), 'utf8');
  const sections = sectionsOf(proto).map(({ name, text }) => ({ name, types: messageTypes(text) }));
  const all = sections.map(({ name }) => `export type * from './${name}.ts';\n`).join('');
  return [
    { path: `${FOLDER}/messages.ts`, content: `${HEADER}\n${all}` },
    ...sections.map(({ name, types }) => ({
      path: `${FOLDER}/${name}.ts`,
      content: `${HEADER}\n${importsOf(name, types, sections)}${types}`,
    })),
  ];
}

const SECTION = /^\/\/ -+ (\w+)$/m;

/** The parts of the file that a ruled line with a name begins; services come before the first and have no messages. */
function sectionsOf(proto: string): readonly { readonly name: string; readonly text: string }[] {
  const parts = proto.split(SECTION).slice(1);
  return parts.flatMap((name, at) => (at % 2 === 0 ? [{ name, text: parts[at + 1] ?? '' }] : []));
}

/** Types that other sections declare and this one names. */
function importsOf(
  name: string,
  types: string,
  sections: readonly { readonly name: string; readonly types: string }[],
): string {
  const named = new Set(types.replaceAll(/\/\*.*?\*\//gs, '').match(/\b[A-Z]\w+/g));
  const lines = sections.flatMap((other) => {
    const declared = [...other.types.matchAll(/^export (?:interface|type) (\w+)/gm)];
    const used = declared.flatMap(([, type = '']) => (named.has(type) ? [type] : []));
    if (other.name === name || used.length === 0) return [];
    return [`import type { ${used.sort().join(', ')} } from './${other.name}.ts';\n`];
  });
  return lines.length === 0 ? '' : `${lines.join('')}\n`;
}

/**
 * Of a section: one interface a message, one union an enum. It reads the plain style that grape.proto keeps to: a declaration a line, nothing nested but oneofs.
 *
 * @throws {Error} at a line that is not in that style
 */
export function messageTypes(proto: string): string {
  const out: string[] = [];
  let block = 'none';
  let oneof: { readonly name: string; readonly members: string[] } | undefined;
  for (const raw of proto.split('\n')) {
    const line = raw.trim();
    if (line === '' || /^(?:syntax|package) /.test(line)) continue;
    if (line.startsWith('//') || line.startsWith('rpc ')) {
      if (block !== 'service' && !line.startsWith('rpc ')) out.push(comment(line, block));
      continue;
    }
    const opening = /^(service|message|enum|oneof) (\w+) \{(\})?$/.exec(line);
    if (opening !== null) {
      const [, kind, name, closed] = opening as unknown as [string, string, string, string?];
      if (kind === 'oneof') oneof = { name, members: [] };
      else {
        block = kind;
        if (kind === 'message') out.push(`export interface ${name} {${closed ?? ''}`);
        if (kind === 'enum') out.push(`export type ${name} =`);
        if (closed !== undefined) block = 'none';
      }
      continue;
    }
    if (line === '}') {
      if (oneof !== undefined) {
        const names = oneof.members.map((member) => `'${member}'`).join(' | ');
        out.push(`  readonly ${oneof.name}?: ${names} | undefined;`);
        oneof = undefined;
        continue;
      }
      if (block === 'message') out.push('}');
      if (block === 'enum') out.push('  | number;');
      block = 'none';
      continue;
    }
    out.push(block === 'enum' ? enumValue(line) : field(line, oneof?.members));
  }
  return `${out.filter((line) => line !== '').join('\n')}\n`;
}

function comment(line: string, block: string): string {
  if (/^\/\/ -+ \w+$/.test(line) || block === 'none') return '';
  return `  /* ${line.slice(2).trim()} */`;
}

function enumValue(line: string): string {
  const match = /^(\w+) = \d+;$/.exec(line);
  if (match === null) throw new Error(`not a value of an enum: ${line}`);
  return `  | '${match[1]}'`;
}

function field(line: string, members: string[] | undefined): string {
  const match = /^(?:(repeated|optional) )?(map<string, (\w+)>|\w+) (\w+) = \d+;$/.exec(line);
  if (match === null) throw new Error(`not a field: ${line}`);
  const [, label, type, mapped, snake] = match as unknown as [
    string,
    string,
    string,
    string,
    string,
  ];
  const name = snake.replace(/_(\w)/g, (_, letter: string) => letter.toUpperCase());
  members?.push(name);
  const single = SCALARS[type] ?? type;
  const full =
    mapped !== undefined
      ? `Readonly<Record<string, ${mapped}>>`
      : label === 'repeated'
        ? `readonly ${single}[]`
        : single;
  return `  readonly ${name}?: ${full} | undefined;`;
}
