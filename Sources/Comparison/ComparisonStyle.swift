/// What the page of a comparison needs beyond the style sheet that all pages share.
enum ComparisonStyle {
    /// Holds neither "<" nor "&": it stands in HTML and XML as it is.
    static let css = """
        :root { --a: #1f6f8b; --b: #b4540a; --left: #7a5c99; }
        @media (prefers-color-scheme: dark) { :root { --a: #6fc3df; --b: #f0a060; --left: #b79ad6; } }
        .verdict { margin: 0; }
        .verdict .badge { font-size: 1.25rem; padding: .15rem 1rem; letter-spacing: .03em; }
        .side { display: inline-block; min-width: 1.4em; text-align: center; border-radius: 4px; font-weight: 700;
          color: var(--card); font-size: .85em; }
        .side-a { background: var(--a); } .side-b { background: var(--b); }
        .artist { font-size: 1rem; }
        .tiles { margin: 1rem 0; }
        .said { margin: .6rem 0; padding-left: 1.1rem; }
        .said li { overflow-wrap: anywhere; margin: .2rem 0; }
        .places { list-style: none; margin: .4rem 0; padding: 0; font-size: .95rem; }
        .places li { margin: .3rem 0; }
        button { font: inherit; color: inherit; background: var(--back); border: 1px solid var(--line);
          border-radius: 6px; padding: .25rem .7rem; cursor: pointer; }
        button:disabled { cursor: default; opacity: 1; }
        button:focus-visible, input:focus-visible, a:focus-visible { outline: 2px solid var(--a); outline-offset: 2px; }
        a { color: inherit; text-decoration-color: var(--quiet); text-underline-offset: 3px; }
        .go { font-variant-numeric: tabular-nums; font-size: .88rem; padding: .1rem .5rem; margin-right: .4rem; }
        .player { border: 1px solid var(--line); border-radius: 8px; padding: .8rem; margin: 1rem 0;
          background: var(--back); }
        .player button { background: var(--card); }
        .controls { display: flex; flex-wrap: wrap; gap: .6rem 1rem; align-items: center; margin: 0; }
        .play { min-width: 5rem; font-weight: 600; }
        .sides { display: inline-flex; }
        .sides button { border-radius: 0; min-width: 4.2rem; margin-left: -1px; }
        .sides button:first-child { border-radius: 6px 0 0 6px; }
        .sides button:last-child { border-radius: 0 6px 6px 0; }
        .sides button[aria-pressed=true] { color: var(--card); font-weight: 700; }
        .sides button[aria-pressed=true][data-side=a] { background: var(--a); }
        .sides button[aria-pressed=true][data-side=b] { background: var(--b); }
        .sides button[aria-pressed=true][data-side=d] { background: var(--left); }
        kbd { font: .72rem ui-monospace, monospace; opacity: .75; }
        .clock { font-variant-numeric: tabular-nums; }
        .seek { width: 100%; margin: .7rem 0; accent-color: var(--a); }
        .player label { font-size: .9rem; }
        .player .state { margin-top: .5rem; }
        .plot.small { height: 90px; margin-top: 6px; }
        .plot.tall { height: 170px; margin-top: 6px; }
        .line-a { stroke: var(--a); stroke-width: 1.6; stroke-linejoin: round; }
        .line-b { stroke: var(--b); stroke-width: 1.6; stroke-linejoin: round; }
        .line-left { stroke: var(--left); stroke-width: 1.6; stroke-linejoin: round; }
        .area-left { fill: var(--left); fill-opacity: .35; }
        .zero { stroke: var(--quiet); stroke-width: 1; }
        .threshold { stroke: var(--quiet); stroke-width: 1; stroke-dasharray: 5 4; }
        .bar-left { fill: var(--left); fill-opacity: .35; }
        .key.key-a::before { background: var(--a); } .key.key-b::before { background: var(--b); }
        .key.key-left::before { background: var(--left); }
        .layer { position: absolute; inset: 0 0 0 36px; pointer-events: none; }
        .stretch { position: absolute; top: 0; bottom: 0; min-width: 2px; background: var(--left); opacity: .16; }
        .cursor { position: absolute; top: 0; bottom: 0; width: 0; border-left: 1.5px solid var(--text); }
        .octaves { display: grid; grid-template-columns: repeat(10, 1fr); margin-left: 36px; font-size: 11px;
          color: var(--quiet); text-align: center; }
        .chart-title { margin: 1.1rem 0 .1rem; font-size: .9rem; font-weight: 600; }
        .figures { margin-top: 1.2rem; }
        th .facts { font-weight: 400; font-size: .8rem; }
        .verdict-cell { text-align: right; }
        @media (max-width: 46rem) {
          .verdict-cell { grid-column: 1 / -1; text-align: left; border: 0; padding: .1rem 0 .3rem; }
          .figures, .figures tbody { display: table; width: 100%; }
          .figures thead { display: table-header-group; } .figures tbody { display: table-row-group; }
          .figures thead th { display: table-cell; padding: .3rem .2rem; }
          .figures tr, .figures tbody tr { display: table-row; }
          .figures tbody th { display: table-cell; padding: .3rem .2rem; font-size: .85rem;
            border-bottom: 1px solid var(--line); }
          .figures td.number { display: table-cell; padding: .3rem .2rem; text-align: right;
            border-bottom: 1px solid var(--line); }
          .figures td.number::before { content: none; }
          td.number:empty { display: none; }
          .places li { margin: .5rem 0; }
          .octaves { font-size: 9px; }
        }
        """
}
