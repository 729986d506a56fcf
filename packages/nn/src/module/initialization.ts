/** Whether layers draw their first values as they are constructed. */

/** Set while layers are constructed whose weights are loaded or replaced anyway. */
export const initialization: { skipped: boolean } = { skipped: false };
