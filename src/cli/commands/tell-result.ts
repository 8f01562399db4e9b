import type { CliContext } from '../cli-context.ts';
import type { Session } from '../session.ts';

/** Tells what was done: a line of text, or of JSON. */
export async function tellResult(
  context: CliContext,
  session: Session,
  text: string,
  json: object,
): Promise<void> {
  const line = session.options.json === true ? JSON.stringify(json) : text;
  await context.stdout.write(`${line}\n`);
}
