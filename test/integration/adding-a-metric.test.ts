import { cp, mkdir, readFile, symlink, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { biosGuest } from '../lab/domain-xml.ts';
import { type LabDirectory, makeLabDirectory } from '../lab/lab-directory.ts';
import { type Libvirtd, startLibvirtd } from '../lab/libvirtd.ts';
import { repositoryPath } from '../lab/mib-path.ts';
import { type RunResult, runAnyway } from '../lab/process.ts';

// docs/adding-a-metric.md, tried on a copy of the program: what is added is taken from the text itself.

const object = 'lveDomCpuCacheMonitors';

let libvirtd: Libvirtd;
let directory: LabDirectory;
let copy: string;
let recipe: string;
/** The lines that the recipe adds, in its order; a line `...` begins the next place. */
let added: readonly (readonly string[])[];

beforeAll(async () => {
  libvirtd = await startLibvirtd();
  await libvirtd.run(biosGuest({ name: 'guest', type: libvirtd.domainType }));
  directory = await makeLabDirectory();
  copy = join(directory.path, 'copy');
  await mkdir(copy);
  for (const name of ['src', 'mibs', 'tools', 'package.json', 'tsconfig.json']) {
    await cp(join(repositoryPath, name), join(copy, name), { recursive: true });
  }
  await symlink(join(repositoryPath, 'node_modules'), join(copy, 'node_modules'));
  recipe = await readFile(join(repositoryPath, 'docs/adding-a-metric.md'), 'utf8');
  added = [...recipe.matchAll(/```diff\n([\s\S]*?)```/g)].flatMap(([, block = '']) =>
    block.split(/^\s*\.\.\.$/m).map((place) =>
      place
        .split('\n')
        .filter((line) => line.trimStart().startsWith('+'))
        .map((line) => line.trimStart().slice(1)),
    ),
  );
}, 120_000);

afterAll(async () => {
  await libvirtd.stop();
  await directory[Symbol.asyncDispose]();
});

/** Puts lines before or after the first line that matches. */
async function insert(path: string, at: RegExp, place: 'before' | 'after', lines: readonly string[]) {
  const file = join(copy, path);
  const text = (await readFile(file, 'utf8')).split('\n');
  const found = text.findIndex((line) => at.test(line));
  expect(found, `${at} in ${path}`).toBeGreaterThan(0);
  text.splice(place === 'before' ? found : found + 1, 0, ...lines);
  await writeFile(file, text.join('\n'));
}

function inCopy(...args: readonly string[]): Promise<RunResult> {
  return runAnyway(process.execPath, args, { cwd: copy, timeoutMs: 120_000 });
}

const typeCheck = () => inCopy('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json', '--noEmit');

describe('docs/adding-a-metric.md', () => {
  it('says what to add', () => {
    expect(added.map((lines) => lines.length > 0)).toEqual([true, true, true, true, true]);
  });

  it('brings the object to the compiler, which asks for the column, then for the figure', async () => {
    const [sequence = [], definition = [], group = [], column = [], figure = []] = added;
    const mib = 'mibs/LIBVIRT-EXT-MIB';
    await insert(
      mib,
      /^ {4}lveDomCpuUserTime /,
      'before',
      sequence.map((line) => `${line},`),
    );
    await insert(mib, /^lveVcpuTable OBJECT-TYPE/, 'before', [...definition, '']);
    await insert(mib, /^ {8}lveDomCpuUserTime,/, 'before', group);
    const generated = await inCopy('--import', 'tsx', 'tools/generate-objects.ts');
    expect(generated).toMatchObject({ code: 0 });
    expect(await typeCheck()).toMatchObject({
      code: 1,
      stdout: expect.stringContaining(`'${object}' is missing`) as string,
    });

    await insert('src/mib/tables/dom-cpu-table.ts', /^ {4}lveDomCpuUserTime:/, 'after', column);
    expect(await typeCheck()).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("'cacheMonitors' does not exist") as string,
    });

    await insert('src/model/domain-figures.ts', /read\.nsToUs\('cpu\.user'/, 'after', figure);
    expect(await typeCheck()).toMatchObject({ code: 0, stdout: '' });
  }, 300_000);

  it('has the new object served', async () => {
    expect(await inCopy('node_modules/typescript/bin/tsc', '-p', 'tsconfig.json')).toMatchObject({ code: 0 });
    const { stdout } = await inCopy(
      ...['dist/cli.js', 'dump', '--config', '/dev/null', '--uri', libvirtd.uriReadOnly, '--only', object],
    );
    const names = await libvirtd.virsh('domstats', 'guest', '--cpu-total');
    const value = /cpu\.cache\.monitor\.count=(\d+)/.exec(names)?.[1];
    // libvirt 12 tells of no monitors where the host has no resctrl: then there is nothing to serve.
    expect(stdout).toBe(value === undefined ? '' : `LIBVIRT-EXT-MIB::${object}.1 = Gauge32: ${value}\n`);
  }, 300_000);

  it('gives it the name as a metric that the text says', async () => {
    const { stdout } = await inCopy(
      '-e',
      `import('./dist/families/served.js').then(({ servedFamilies }) => {
         for (const { name } of servedFamilies({ sets: ['libvirt'], exclude: [], labelRules: [] })) console.log(name);
       })`,
    );
    const [, name] = new RegExp(`${object} is \`(\\w+)\``).exec(recipe) ?? [];
    expect(stdout.split('\n')).toContain(name);
  }, 300_000);
});
