export interface Note {
  readonly id: string;
  readonly text: string;
}

/** In the memory of one isolate: notes are gone when that is. An app that has to keep them asks a database by fetch(). */
export class Notes {
  readonly #notes = new Map<string, Note>();

  all(): readonly Note[] {
    return [...this.#notes.values()];
  }
  get(id: string): Note | undefined {
    return this.#notes.get(id);
  }
  add(text: string): Note {
    const note = { id: crypto.randomUUID(), text };
    this.#notes.set(note.id, note);
    return note;
  }
  remove(id: string): boolean {
    return this.#notes.delete(id);
  }
}
