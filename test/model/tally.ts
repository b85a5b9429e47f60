// What many histories amount to.

export class Tally {
  readonly #groups = new Map<string, Map<string, number>>();

  /** Counts one more of the group, by name where it has kinds. */
  count(group: string, name = group): void {
    const names = this.#groups.get(group) ?? new Map<string, number>();
    this.#groups.set(group, names.set(name, (names.get(name) ?? 0) + 1));
  }

  /** A line for each group, what happened most often first. */
  toString(): string {
    return [...this.#groups]
      .map(([group, names]) => {
        const kinds = [...names].sort((one, other) => other[1] - one[1]);
        const total = kinds.reduce((sum, [, times]) => sum + times, 0);
        return names.has(group) ? `${total} ${group}` : `${total} ${group}: ${kinds.map(words).join(", ")}`;
      })
      .join("\n");
  }
}

function words([name, times]: [string, number]): string {
  return `${times} ${name}`;
}
