/** The latest of what was said, for whoever asks. Nobody who is slow makes anything pile up. */
export function createProgress() {
  let latest: string | undefined;
  let said = 0;
  let ended = false;
  let waiting: (() => void)[] = [];

  function wake(): void {
    const woken = waiting;
    waiting = [];
    for (const resolve of woken) resolve();
  }

  async function* follow(): AsyncGenerator<string, undefined> {
    for (let seen = 0; ; ) {
      if (latest !== undefined && seen < said) {
        seen = said;
        yield latest;
      } else if (ended) return undefined;
      else await new Promise<void>((resolve) => waiting.push(resolve));
    }
  }

  return {
    texts: { [Symbol.asyncIterator]: follow },
    say(text: string): void {
      latest = text;
      said += 1;
      wake();
    },
    end(): void {
      ended = true;
      wake();
    },
  };
}
