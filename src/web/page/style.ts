/** The look of the page, light and dark by what the browser prefers. */
export const style = `
:root { color-scheme: light dark; --line: #d0d5db; --soft: #5b6570; --back: #fff; --text: #16191d; --warn: #8a5a00; --fail: #b3261e; --ok: #1b6e3c; --head: #f4f6f8; --mark: #2463b0; }
@media (prefers-color-scheme: dark) { :root { --line: #3a414a; --soft: #a0a9b4; --back: #14171a; --text: #e8ebee; --warn: #f0b84a; --fail: #ff8a80; --ok: #7fd19b; --head: #1e2328; --mark: #8ab8f5; } }
* { box-sizing: border-box; }
body { margin: 0; font: 15px/1.45 system-ui, sans-serif; background: var(--back); color: var(--text); }
header, main, footer { max-width: 76rem; margin: 0 auto; padding: 0 1rem; }
header { padding-top: 1rem; display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; }
h1 { font-size: 1.3rem; margin: 0; } h2 { font-size: 1.05rem; margin: 1.5rem 0 .5rem; }
p { margin: .25rem 0; } .soft { color: var(--soft); }
.okay { color: var(--ok); } .warning { color: var(--warn); } .failure { color: var(--fail); font-weight: 600; }
.tools { display: flex; gap: 1rem; align-items: center; margin: 1rem 0 .5rem; flex-wrap: wrap; }
input, select { font: inherit; padding: .3rem .5rem; border: 1px solid var(--line); border-radius: 4px; background: var(--back); color: var(--text); }
input { min-width: 14rem; }
.scroll { overflow-x: auto; border: 1px solid var(--line); border-radius: 6px; }
table { border-collapse: collapse; width: 100%; font-variant-numeric: tabular-nums; }
th, td { text-align: left; padding: .3rem .6rem; white-space: nowrap; border-bottom: 1px solid var(--line); }
tbody tr:last-child td { border-bottom: 0; } th { background: var(--head); font-weight: 600; }
th.number, td.number { text-align: right; } td.name { max-width: 22rem; overflow: hidden; text-overflow: ellipsis; }
th button { font: inherit; font-weight: 600; background: none; border: 0; padding: 0; color: inherit; cursor: pointer; }
th[aria-sort] button { color: var(--mark); } th[aria-sort=ascending] button::after { content: " ↑"; } th[aria-sort=descending] button::after { content: " ↓"; }
:focus-visible { outline: 2px solid var(--mark); outline-offset: 2px; }
a { color: var(--mark); } footer { padding-bottom: 2rem; } footer a { margin-right: 1rem; }
.events { list-style: none; margin: 0; padding: 0; } .events li { padding: .2rem 0; border-bottom: 1px solid var(--line); }
.empty { padding: .6rem; }
`;
