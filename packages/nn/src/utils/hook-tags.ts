/** Finds hooks again by what they were made for, in copies of modules too. */

import { hooksOf } from '../module/hooked-module.ts';
import type { ForwardPreHook, LoadStateDictPreHook, StateDictPostHook } from '../module/hooks.ts';
import type { Module } from '../module/module.ts';

type TaggedHook = ForwardPreHook | StateDictPostHook | LoadStateDictPreHook;

/** What hooks of one purpose were made for. */
export class HookTags<Tag> {
  readonly #tags: WeakMap<TaggedHook, Tag> = new WeakMap();

  /** Notes what a hook is for, and returns it. */
  mark<Hook extends TaggedHook>(hook: Hook, tag: Tag): Hook {
    this.#tags.set(hook, tag);
    return hook;
  }

  /** What the forward pre-hooks of a module that were marked are for. */
  of(module: Module): Tag[] {
    return hooksOf(module).forwardPre.hooks.flatMap((hook) => {
      const tag = this.#tags.get(hook as ForwardPreHook);
      return tag === undefined ? [] : [tag];
    });
  }

  /** Removes the marked hooks of a module, of every kind, that are for something. */
  remove(module: Module, tag: Tag): void {
    const { forwardPre, statePost, loadPre } = hooksOf(module);
    for (const list of [forwardPre, statePost, loadPre]) {
      for (const hook of list.hooks) {
        if (this.#tags.get(hook as TaggedHook) === tag) list.remove(hook as never);
      }
    }
  }
}
