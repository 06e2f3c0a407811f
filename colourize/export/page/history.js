/**
 * States that can be gone back to: each change makes a new one.
 */

/** @template T */
export class History {
  /** @param {T} first */
  constructor(first) {
    this.states = [first];
    this.at = 0;
  }

  get now() {
    return this.states[this.at];
  }

  get canUndo() {
    return this.at > 0;
  }

  get canRedo() {
    return this.at < this.states.length - 1;
  }

  /**
   * Go on to a state. @param {T} state
   * @param {boolean} replaces - whether it takes the place of the present one, such as the next step of one drag.
   */
  push(state, replaces) {
    this.states = [...this.states.slice(0, replaces ? this.at : this.at + 1), state];
    this.at = this.states.length - 1;
  }

  /** Forget the past states that are not worth keeping. @param {(state: T) => boolean} isKept */
  keep(isKept) {
    const past = this.states.slice(0, this.at).filter(isKept);
    this.states = [...past, ...this.states.slice(this.at)];
    this.at = past.length;
  }

  undo() {
    if (this.canUndo) this.at--;
    return this.now;
  }

  redo() {
    if (this.canRedo) this.at++;
    return this.now;
  }
}
