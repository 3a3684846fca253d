import { parentPort, workerData } from 'node:worker_threads';
import { readDomain } from '../../definition/domain-reading.ts';
import { LabelReader } from '../../definition/labels.ts';
import { errorText } from '../../errors.ts';
import type { LabelOptions, ReadingAnswer, ReadingRequest } from './domain-reader.ts';

// The program of the thread that reads large definitions.
if (parentPort === null) throw new Error('this module is the program of a worker thread');
const port = parentPort;
const { rules, namespaces } = workerData as LabelOptions;
const labels = new LabelReader(rules, namespaces);

port.on('message', ({ id, texts }: ReadingRequest) => {
  let answer: ReadingAnswer;
  try {
    answer = { id, reading: readDomain(texts, labels) };
  } catch (error) {
    answer = { id, fault: errorText(error) };
  }
  port.postMessage(answer);
});
