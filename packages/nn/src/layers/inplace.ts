/** The option of layers that can compute in the input's memory. */

/** Option of the layers that can compute in the input's memory. */
export interface InplaceOptions {
  /** Whether the result is written into the input (default false). */
  inplace?: boolean;
}

/** How the option is printed behind others. */
export function inplaceText(inplace: boolean): string {
  return inplace ? ', inplace=True' : '';
}
