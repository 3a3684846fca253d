import { readFileSync, writeFileSync } from 'node:fs';
import { arrowOverrides, drawnArrows } from './arrows.ts';

// Run after a change of the table in docs/architecture.md, or when src has a new folder: npm run docs
const root = `${import.meta.dirname}/..`;
const arrows = drawnArrows(readFileSync(`${root}/docs/architecture.md`, 'utf8'));
const overrides = arrowOverrides(arrows, `${root}/src`);
writeFileSync(`${root}/biome.arrows.json`, JSON.stringify({ overrides }));
