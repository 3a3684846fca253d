/** Runs a step for each item, at most `width` of them at a time, and gives what they come to in the order of the items. */
export async function* resultsInOrder<T, R>(
  items: readonly T[],
  width: number,
  step: (item: T) => Promise<R>,
): AsyncGenerator<R> {
  const left = items[Symbol.iterator]();
  const underWay: Promise<R>[] = [];
  const begin = (): void => {
    const next = left.next();
    if (next.done === true) return;
    const result = step(next.value);
    // Looked at in its turn, however early it fails.
    result.catch(() => undefined);
    underWay.push(result);
  };
  for (let at = 0; at < width; at += 1) begin();
  for (let first = underWay.shift(); first !== undefined; first = underWay.shift()) {
    yield await first;
    begin();
  }
}

/**
 * Runs a step for each item, `width` of them at a time, in the order of the items. Items that a step
 * adds to the list are run too. After a step has failed, or once `goOn` says no, no further step is started.
 *
 * @throws what the first failing step threw, when the steps under way have ended.
 */
export async function inParallel<T>(
  items: readonly T[],
  width: number,
  step: (item: T) => Promise<void>,
  goOn: () => boolean = () => true,
): Promise<void> {
  let at = 0;
  let failure: { readonly error: unknown } | undefined;
  const worker = async (): Promise<void> => {
    while (failure === undefined && at < items.length && goOn()) {
      const item = items[at++] as T;
      try {
        await step(item);
      } catch (error) {
        failure ??= { error };
      }
    }
  };
  await Promise.all(Array.from({ length: Math.max(1, width) }, worker));
  if (failure !== undefined) throw (failure as { readonly error: unknown }).error;
}
