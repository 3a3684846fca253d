import { expect, test } from 'vitest';
import { PrometheusExposition } from '../../src/expose/prometheus.ts';
import { servedFamilies } from '../../src/families/served.ts';
import { SampleImage } from '../support/sample-image.ts';
import { sampleSnapshot } from '../support/sample-snapshot.ts';

const families = servedFamilies({
  sets: ['libvirt', 'inovex', 'vadvisor', 'stat'],
  exclude: [],
  labelRules: ['cluster', 'tier'],
});

test('the names, types and labels of all families, which are for ever', async () => {
  const lines = families.map(({ name, type, unit = '-', series }) => {
    const labels = new Set(
      series.flatMap((each) => [...Object.keys(each.labels), ...Object.keys(each.fixed)]),
    );
    return `${name} ${type} ${unit} {${[...labels].join(',')}}\n`;
  });
  await expect(lines.join('')).toMatchFileSnapshot('metric-names.txt');
});

test('/metrics of the sample snapshot', async () => {
  const { tree } = new SampleImage(sampleSnapshot());
  const exposition = new PrometheusExposition(tree, { families, domainLabels: {} });
  await expect(exposition.body('text').toString()).toMatchFileSnapshot('metrics.txt');
});
