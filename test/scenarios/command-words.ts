/** The words of a command: a name, words in order, and settings `name=value`. Every setting must be asked for, so that none is misspelt. */
export class CommandWords {
  readonly name: string;
  readonly #words: string[];
  readonly #settings = new Map<string, string>();

  constructor(command: string) {
    const [name = '', ...rest] = command.split(/\s+/);
    this.name = name;
    this.#words = rest.filter((word) => !/^[a-z-]+=/.test(word));
    for (const word of rest.filter((each) => /^[a-z-]+=/.test(each))) {
      const [key = '', ...value] = word.split('=');
      this.#settings.set(key, value.join('='));
    }
  }

  /** The next word. @throws {Error} when there is none */
  word(): string {
    const word = this.#words.shift();
    if (word === undefined) throw new Error(`${this.name}: a word is missing`);
    return word;
  }

  /** The next word, if there is one. */
  maybeWord(): string | undefined {
    return this.#words.shift();
  }

  /** The next word as a number. */
  number(): number {
    return numberOf(this.name, this.word());
  }

  maybeNumber(): number | undefined {
    const word = this.#words.shift();
    return word === undefined ? undefined : numberOf(this.name, word);
  }

  /** All words that are left. */
  rest(): readonly string[] {
    return this.#words.splice(0);
  }

  /** Whether the next word is this one, which is then taken. */
  flag(word: string): boolean {
    if (this.#words[0] !== word) return false;
    this.#words.shift();
    return true;
  }

  setting(key: string): string | undefined {
    const value = this.#settings.get(key);
    this.#settings.delete(key);
    return value;
  }

  settingNumber(key: string): number | undefined {
    const value = this.setting(key);
    return value === undefined ? undefined : numberOf(key, value);
  }

  /** Numbers with commas between them. */
  settingNumbers(key: string): readonly number[] | undefined {
    return this.setting(key)
      ?.split(',')
      .filter((each) => each !== '')
      .map((each) => numberOf(key, each));
  }

  /** @throws {Error} when something was not asked for */
  end(): void {
    const left = [...this.#words, ...this.#settings.keys()];
    if (left.length > 0) throw new Error(`${this.name}: what is ${left.join(' ')}?`);
  }
}

function numberOf(name: string, word: string): number {
  const number = Number(word);
  if (!Number.isInteger(number)) throw new Error(`${name}: ${word} is no number`);
  return number;
}
