/** What of each point is wanted. */
export interface Selectors {
  /** `include`/`exclude` are key paths. */
  readonly payload:
    | boolean
    | { readonly include: readonly string[] }
    | { readonly exclude: readonly string[] };
  /** All vectors, none, or those named. */
  readonly vectors: boolean | readonly string[];
}
