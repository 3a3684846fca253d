import { alertFiles } from './alert-files.ts';
import { generatorFile } from './generator-file.ts';
import { namesScript } from './names-script.ts';

/** The files of contrib/prometheus/ that follow from the families and the MIB alone, by path in the repository. */
export function prometheusFiles(): ReadonlyMap<string, string> {
  return new Map([
    ['contrib/prometheus/generator.yml', generatorFile('0.23')],
    ['contrib/prometheus/generator-0.21.yml', generatorFile('0.21')],
    ['contrib/prometheus/names.sed', namesScript()],
    ...alertFiles(),
  ]);
}
