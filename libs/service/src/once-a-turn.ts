/** Called however often, it works once, when the event loop is done with what has arrived. */
export function onceATurn(work: () => void): () => void {
  let isDue = false;
  const run = () => {
    isDue = false;
    work();
  };
  return () => {
    if (isDue) return;
    isDue = true;
    setImmediate(run);
  };
}
