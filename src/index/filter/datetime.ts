const DATETIME =
  /^(\d{4})-(\d{2})-(\d{2})(?:[Tt ](\d{2}):(\d{2})(?::(\d{2})(?:[.,](\d{1,9}))?)?\s?(?:([Zz])|([+-])(\d{2}):?(\d{2})?)?)?$/;

const DAYS_OF_MONTH = [31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31];

/**
 * Microseconds since 1970-01-01 UTC of a date and time: RFC 3339, or with a blank for the `T`, without seconds, without an offset (then
 * UTC), or a date alone. Digits below a microsecond are cut off. Undefined where the text is none of that.
 */
export function parseDatetime(text: string): number | undefined {
  // Most strings of a payload are no dates: two characters tell.
  if (text.length < 10 || text.charCodeAt(4) !== 0x2d) return undefined;
  const found = DATETIME.exec(text);
  if (found === null) return undefined;
  const part = (group: number): number => Number(found[group] ?? 0);
  const [year, month, day] = [part(1), part(2), part(3)];
  const [hour, minute, second] = [part(4), part(5), part(6)];
  if (month < 1 || month > 12 || day < 1 || day > (DAYS_OF_MONTH[month - 1] as number))
    return undefined;
  // A leap second counts as the second that follows it.
  if (hour > 23 || minute > 59 || second > 60 || part(10) > 23 || part(11) > 59) return undefined;
  const date = new Date(0);
  date.setUTCFullYear(year, month - 1, day);
  if (date.getUTCDate() !== day) return undefined;
  const offsetMinutes = (part(10) * 60 + part(11)) * (found[9] === '-' ? -1 : 1);
  const minutes = hour * 60 + minute - offsetMinutes;
  const micros = Number((found[7] ?? '').padEnd(6, '0').slice(0, 6));
  return (date.getTime() + (minutes * 60 + second) * 1000) * 1000 + micros;
}

/** The RFC 3339 text of microseconds since 1970-01-01 UTC, for the years 0 to 9999. */
export function formatDatetime(micros: number): string {
  const seconds = Math.floor(micros / 1_000_000);
  const fraction = Math.round(micros - seconds * 1_000_000);
  const text = new Date(seconds * 1000).toISOString().slice(0, 19);
  return fraction === 0 ? `${text}Z` : `${text}.${String(fraction).padStart(6, '0')}Z`;
}
