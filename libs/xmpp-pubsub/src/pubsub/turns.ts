/** Time after which a long piece of work lets others have their turn of the event loop. */
const TURN_MS = 10;

/** To be awaited between the steps of a long piece of work: lets others have their turn when this one has been long enough. */
export function createTurns(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < TURN_MS) return undefined;
    return new Promise((resolve) => {
      setTimeout(() => {
        began = performance.now();
        resolve();
      }, 0);
    });
  };
}

/** Characters of an element's texts and attributes, roughly what it takes as XML. */
export function sizeOfElement(element: ElementLike): number {
  let size = 2 * element.name.length + 5;
  for (const [name, value] of Object.entries(element.attrs)) {
    size += name.length + String(value).length + 4;
  }
  for (const child of element.children) {
    size += typeof child === 'string' ? child.length : sizeOfElement(child);
  }
  return size;
}

interface ElementLike {
  readonly name: string;
  readonly attrs: Record<string, unknown>;
  readonly children: readonly (string | ElementLike)[];
}
