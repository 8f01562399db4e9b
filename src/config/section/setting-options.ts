import { type TUnsafe, Type } from 'typebox';

/** What every setting says of itself besides its type; read by the loader, `--help` and the documentation. */
export interface SettingOptions<T> {
  readonly default: T;
  /** One or two sentences for the documentation. */
  readonly description: string;
  /** Never printed. */
  readonly secret?: boolean;
  /** A further name in the environment, besides `GRAPE_<SECTION>_<KEY>`. */
  readonly env?: string;
}

/** A whole number within bounds, both included. */
export const integerSetting = (
  minimum: number,
  maximum: number,
  options: SettingOptions<number>,
): ReturnType<typeof Type.Integer> => Type.Integer({ minimum, maximum, ...options });

/** A number within bounds, both included. */
export const numberSetting = (
  minimum: number,
  maximum: number,
  options: SettingOptions<number>,
): ReturnType<typeof Type.Number> => Type.Number({ minimum, maximum, ...options });

/** A switch. */
export const booleanSetting = (options: SettingOptions<boolean>): ReturnType<typeof Type.Boolean> =>
  Type.Boolean({ ...options });

/** A text; `""` means that it is not set. */
export const textSetting = (options: SettingOptions<string>): ReturnType<typeof Type.String> =>
  Type.String({ ...options });

/** A list of texts. */
export const listSetting = (
  options: SettingOptions<string[]>,
): ReturnType<typeof Type.Array<ReturnType<typeof Type.String>>> =>
  Type.Array(Type.String(), { ...options });

/** One of a few words. */
export const choiceSetting = <const Choice extends string>(
  choices: readonly Choice[],
  options: SettingOptions<NoInfer<Choice>>,
): TUnsafe<Choice> => Type.Unsafe<Choice>(Type.String({ enum: [...choices], ...options }));
