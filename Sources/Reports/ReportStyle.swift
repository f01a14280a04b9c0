/// The style sheet of every page that Lathe writes: light and dark, from a phone's width up.
package enum ReportStyle {
    /// Holds neither "<" nor "&": it stands in HTML and XML as it is.
    package static let css = """
        :root { color-scheme: light dark; --back: #fbfaf8; --card: #fff; --text: #1d2126; --quiet: #646b75;
          --line: #dedad3; --short: #1f6f8b; --momentary: #b9cfd6; --peaks: #8a94a0; --target: #2f7d4f;
          --bad: #b3261e; --bad-back: #fdecea; --fair: #8a5a00; --fair-back: #fdf3dc; --good: #2f7d4f;
          --good-back: #e5f3ea; }
        @media (prefers-color-scheme: dark) { :root { --back: #14171a; --card: #1c2024; --text: #e8e6e1;
          --quiet: #9aa3ad; --line: #343a41; --short: #6fc3df; --momentary: #4d7684; --peaks: #66717d;
          --target: #7fce9d; --bad: #ff8a80; --bad-back: #3a1e1c; --fair: #f0c060; --fair-back: #33290f;
          --good: #7fce9d; --good-back: #16301f; } }
        * { box-sizing: border-box; }
        body { margin: 0; background: var(--back); color: var(--text); line-height: 1.45;
          font: 16px/1.45 system-ui, -apple-system, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
        main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 3rem; }
        h1 { font-size: 2rem; line-height: 1.15; margin: .4rem 0 .2rem; overflow-wrap: anywhere; }
        h2 { font-size: 1.15rem; margin: 0 0 .8rem; }
        h3 { font-size: 1rem; margin: 1.4rem 0 .1rem; overflow-wrap: anywhere; }
        section { background: var(--card); border: 1px solid var(--line); border-radius: 10px;
          padding: 1.1rem 1.2rem; margin-top: 1.1rem; }
        .artist { font-size: 1.1rem; margin: 0 0 .4rem; }
        .facts, .absent, footer, figcaption { color: var(--quiet); }
        .facts { margin: 0; font-size: .9rem; }
        .absent { font-style: italic; font-size: .8rem; font-weight: 400; white-space: nowrap; }
        .badges { margin: 0; }
        .badge { display: inline-block; border-radius: 99px; padding: .1rem .7rem; font-size: .85rem;
          font-weight: 600; }
        .badge.good { color: var(--good); background: var(--good-back); }
        .badge.bad, .notice.bad { color: var(--bad); background: var(--bad-back); }
        .badge.fair, .notice.fair { color: var(--fair); background: var(--fair-back); }
        .notice { border-color: currentColor; }
        .notice ul { margin: 0; padding-left: 1.1rem; color: var(--text); }
        .notice li { overflow-wrap: anywhere; margin: .25rem 0; }
        .index { color: var(--quiet); display: inline-block; min-width: 1.6em; font-weight: 400; }
        table { border-collapse: collapse; width: 100%; font-size: .92rem; }
        thead th { color: var(--quiet); font-weight: 500; text-align: right; font-size: .82rem; }
        thead th:first-child { text-align: left; }
        th, td { padding: .5rem .6rem; border-bottom: 1px solid var(--line); vertical-align: baseline; }
        tbody tr:last-child > * { border-bottom: 0; }
        tbody th { text-align: left; font-weight: 600; overflow-wrap: anywhere; }
        .number { text-align: right; font-variant-numeric: tabular-nums; }
        .over { color: var(--bad); font-weight: 700; }
        figure { margin: .6rem 0 0; }
        .plot { position: relative; border: 1px solid var(--line); border-radius: 6px; overflow: hidden; }
        .plot.loudness { height: 200px; }
        .plot.peak { height: 90px; margin-top: 6px; }
        .plot svg { position: absolute; inset: 0 0 0 36px; width: calc(100% - 36px); height: 100%;
          display: block;
          border-left: 1px solid var(--line); }
        svg * { vector-effect: non-scaling-stroke; fill: none; }
        .grid { stroke: var(--line); stroke-width: 1; }
        .momentary { stroke: var(--momentary); stroke-width: 1; }
        .short { stroke: var(--short); stroke-width: 2; stroke-linejoin: round; }
        .peaks { fill: var(--peaks); fill-opacity: .45; }
        .target { stroke: var(--target); stroke-width: 1.5; stroke-dasharray: 6 4; }
        .ceiling { stroke: var(--bad); stroke-width: 1.5; }
        .mark, .unit { position: absolute; font-size: 11px; line-height: 1; color: var(--quiet);
          padding: 1px 3px; }
        .unit { bottom: 3px; left: 0; width: 35px; text-align: right; font-weight: 600; }
        .mark { transform: translateY(-50%); }
        .mark.left { left: 0; width: 35px; text-align: right; }
        .mark.right { right: 2px; transform: translateY(-110%); }
        .target-label { color: var(--target); }
        .ceiling-label { color: var(--bad); }
        .mark.ceiling-label { transform: translateY(10%); }
        .times { position: relative; margin-left: 36px; height: 1.2rem; font-size: 11px;
          color: var(--quiet); }
        .times span { position: absolute; top: 3px; }
        figcaption { font-size: .82rem; }
        .key::before { content: ""; display: inline-block; width: 1rem; height: .25rem;
          margin: 0 .35rem .15rem 0;
          border-radius: 2px; background: var(--short); }
        .key { margin-right: .9rem; white-space: nowrap; }
        .momentary-key::before { background: var(--momentary); }
        .peaks-key::before { background: var(--peaks); }
        details { border-bottom: 1px solid var(--line); padding: .45rem 0; }
        details:last-child { border-bottom: 0; }
        .tiles .absent { font-size: .9rem; }
        summary { cursor: pointer; overflow-wrap: anywhere; }
        summary .path { font-weight: 600; margin-right: .6rem; }
        code { font-family: ui-monospace, "DejaVu Sans Mono", monospace; font-size: .85em;
          overflow-wrap: anywhere; }
        dl { margin: .4rem 0 .2rem 1.1rem; }
        dt { color: var(--quiet); font-size: .82rem; }
        dd { margin: 0 0 .4rem; }
        .tiles { display: grid; grid-template-columns: repeat(auto-fill, minmax(7.5rem, 1fr)); gap: .8rem;
          margin: 0; }
        .tiles dd { margin: 0; font-size: 1.15rem; font-variant-numeric: tabular-nums; }
        footer { font-size: .82rem; margin-top: 1.4rem; }
        @media (max-width: 46rem) {
          main { padding: 1.1rem .8rem 2rem; }
          h1 { font-size: 1.6rem; }
          section { padding: .9rem .9rem; }
          thead { display: none; }
          table, tbody, tr, th, td { display: block; }
          tbody tr { display: grid; grid-template-columns: 1fr 1fr; column-gap: .9rem; padding: .5rem 0;
            border-bottom: 1px solid var(--line); }
          tbody tr:last-child { border-bottom: 0; }
          tbody th { grid-column: 1 / -1; border: 0; padding: .3rem 0; font-size: 1rem; }
          td.number { display: flex; justify-content: space-between; align-items: baseline; border: 0;
            padding: .15rem 0; font-size: .82rem; }
          td.number::before { content: attr(data-name); color: var(--quiet); font-size: .76rem;
            font-weight: 400;
            margin-right: .3rem; white-space: nowrap; }
          summary .facts { display: block; }
          td.number .absent { font-size: .76rem; }
          .plot.loudness { height: 160px; }
        }
        @media (max-width: 23rem) { tbody tr { grid-template-columns: 1fr; } }
        @media print { section { break-inside: avoid; } }
        """
}
