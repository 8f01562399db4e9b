import type { RegisterInput, RegisterOutput } from '../linearizability/register-model.ts';

/** A command of the simulated state machines; no other one has its id. */
export interface RegisterCommand {
  readonly id: string;
  readonly input: RegisterInput;
}

/** As bytes of a proposal, which may be longer than they need be. */
export function encodeCommand(command: RegisterCommand, padding = 0): Uint8Array {
  return Buffer.from(JSON.stringify(command) + ' '.repeat(padding));
}

/** What {@link encodeCommand} made. */
export function decodeCommand(bytes: Uint8Array): RegisterCommand {
  return JSON.parse(Buffer.from(bytes).toString()) as RegisterCommand;
}

/** The answer to a command, as bytes. */
export function encodeAnswer({ value, swapped }: RegisterOutput): Uint8Array {
  return Buffer.from(JSON.stringify({ value, swapped }));
}

/** What {@link encodeAnswer} made. */
export function decodeAnswer(bytes: Uint8Array): RegisterOutput {
  const { value, swapped } = JSON.parse(Buffer.from(bytes).toString()) as Partial<RegisterOutput>;
  return { value, swapped: swapped === true };
}
