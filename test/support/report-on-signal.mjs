import { BroadcastChannel, isMainThread } from 'node:worker_threads';

/**
 * For what is loaded into a program before it (node --import), in each of its threads: on SIGUSR2 every thread reports.
 *
 * @param name - of the channel between the threads.
 */
export function reportOnSignal(name, report) {
  const channel = new BroadcastChannel(name);
  channel.unref();
  channel.onmessage = report;
  if (!isMainThread) return;
  process.on('SIGUSR2', () => {
    channel.postMessage('report');
    report();
  });
}
