/// What the page of a check needs beyond the style sheet that all pages share.
enum PageStyle {
    /// Holds neither "<" nor "&": it stands in HTML and XML as it is.
    static let css = """
        :root { --momentary: #7ea5b3; --whole: #9a4f96; --band: #2f7d4f; --plain-back: #eceae6; --bar: #6d95a6;
          --clip: #8a5a00; }
        @media (prefers-color-scheme: dark) { :root { --whole: #d9a0d6; --band: #7fce9d; --plain-back: #2b3036;
          --bar: #4f7f93; --clip: #f0c060; --momentary: #4f8496; } }
        a { color: inherit; text-decoration-color: var(--quiet); text-underline-offset: 3px; }
        a:focus-visible, summary:focus-visible { outline: 2px solid var(--short); outline-offset: 2px; }
        .badge { white-space: nowrap; }
        .badge.none { color: var(--quiet); font-weight: 400; padding: 0; }
        .badge.plain { color: var(--quiet); background: var(--plain-back); }
        h2 .badge, h3 .badge { font-size: .8rem; vertical-align: middle; margin-left: .4rem; }
        .verdict { margin: 0; }
        .verdict .badge { font-size: 1.25rem; padding: .15rem 1rem; letter-spacing: .03em; }
        .counts { display: flex; flex-wrap: wrap; gap: .5rem; margin: .8rem 0; }
        .counts div { border: 1px solid var(--line); background: var(--card); border-radius: 8px;
          padding: .35rem .8rem; min-width: 5.2rem; }
        .counts dt { margin: 0; }
        .counts dd { margin: 0; font-size: 1.35rem; font-weight: 650; font-variant-numeric: tabular-nums; }
        .counts .bad dd { color: var(--bad); }
        .counts .fair dd { color: var(--fair); }
        .counts .good dd { color: var(--good); }
        .counts .zero dd { color: var(--quiet); font-weight: 400; }
        .profiles { list-style: none; margin: .7rem 0 0; padding: 0; font-size: .9rem; }
        .profiles li { margin: .25rem 0; overflow-wrap: anywhere; }
        .sources { margin-top: .5rem; font-size: .9rem; }
        .rules { margin: 0 0 1rem; font-size: .88rem; }
        .findings { list-style: none; margin: 0; padding: 0; display: grid; gap: .7rem; }
        .finding { border: 1px solid var(--line); border-left: 4px solid var(--quiet); border-radius: 6px;
          padding: .6rem .9rem; overflow-wrap: anywhere; min-width: 0; }
        .finding.bad { border-left-color: var(--bad); }
        .finding.fair { border-left-color: var(--fair); }
        .finding p { margin: 0; }
        .finding-head code { color: var(--quiet); margin-left: .3rem; }
        .finding .message { margin: .35rem 0 .1rem; }
        .finding .mend { font-weight: 600; }
        .figures { display: flex; flex-wrap: wrap; gap: .1rem 1.4rem; margin: .35rem 0 0; font-size: .9rem; }
        .figures dt { font-size: .76rem; }
        .figures dd { margin: 0; font-variant-numeric: tabular-nums; }
        section details { margin-top: .6rem; }
        .held { margin: .4rem 0; padding-left: 1.1rem; font-size: .88rem; }
        .held li { margin: .2rem 0; overflow-wrap: anywhere; }
        .wide { overflow-x: auto; }
        th .path { display: block; font-weight: 400; color: var(--quiet); font-size: .78rem;
          overflow-wrap: anywhere; }
        tbody th { min-width: 9rem; }
        thead th { vertical-align: bottom; }
        thead abbr { text-decoration: none; }
        .head-unit { display: block; font-size: .72rem; }
        .verdict-cell { text-align: right; }
        .total > * { border-top: 2px solid var(--line); font-weight: 600; }
        .unmeasured { color: var(--quiet); font-style: italic; text-align: right; }
        td.number { white-space: nowrap; }
        .over > span::after, .after.over::after { content: " !"; }
        .advice .total > * { border-top: 0; }
        .advice th .facts { display: block; font-weight: 400; font-size: .78rem; }
        .after { display: block; font-size: .76rem; font-weight: 400; color: var(--quiet); }
        .after.over { color: var(--bad); font-weight: 600; }
        article { border-top: 1px solid var(--line); padding: 1rem 0 .4rem; }
        article h3 { margin: 0 0 .1rem; }
        .songs .facts + article, .songs h2 + article { border-top: 0; padding-top: 0; }
        .layer { position: absolute; inset: 0 0 0 36px; pointer-events: none; }
        .layer > * { pointer-events: auto; }
        .integrated { stroke: var(--whole); stroke-width: 1.5; }
        .band { fill: var(--band); fill-opacity: .16; }
        .stretch { position: absolute; top: 0; bottom: 0; min-width: 2px; color: var(--quiet);
          border-left: 2px solid currentColor; border-right: 1px solid currentColor; }
        .stretch::before { content: ""; position: absolute; inset: 0; background: currentColor; opacity: .14; }
        .stretch.bad { color: var(--bad); }
        .stretch.fair { color: var(--fair); }
        .stretch b, .number-mark { background: var(--quiet); color: var(--card); font-size: 11px; line-height: 15px;
          min-width: 15px; text-align: center; border-radius: 3px; padding: 0 3px; }
        .stretch b { position: absolute; left: 0; z-index: 1; }
        .stretch.turned b { left: auto; right: 0; }
        .number-mark { display: inline-block; }
        .stretch.bad b, .number-mark.bad { background: var(--bad); }
        .stretch.fair b, .number-mark.fair { background: var(--fair); }
        .stretches { list-style: none; margin: .5rem 0 0; padding: 0; font-size: .88rem; }
        .stretches li { margin: .25rem 0; overflow-wrap: anywhere; }
        .stretches code { color: var(--quiet); }
        .over-mark { position: absolute; width: 0; height: 0; margin: -8px 0 0 -4px;
          border: 4px solid transparent; border-top: 8px solid var(--bad); border-bottom: 0; }
        .clip-mark { position: absolute; bottom: 0; width: 6px; height: 10px; margin-left: -3px;
          background: var(--clip); border: 1px solid var(--card); border-bottom: 0; }
        .integrated-key::before { background: var(--whole); }
        .target-key::before { height: 0; background: none; border-top: 2px dashed var(--target); }
        .ceiling-key::before { background: var(--bad); height: 2px; margin-bottom: .25rem; }
        .band-key::before { background: var(--band); opacity: .35; height: .6rem; }
        .over-key::before { width: 0; height: 0; border-radius: 0; background: none; border: 4px solid transparent;
          border-top: 8px solid var(--bad); border-bottom: 0; }
        .clip-key::before { width: 6px; height: .6rem; border-radius: 0; background: var(--clip); }
        .bar-key::before { background: var(--bar); height: .6rem; }
        .mean-key::before { background: var(--whole); }
        .columns { display: grid; grid-template-columns: minmax(0, 3fr) minmax(0, 2fr); gap: 1.4rem;
          align-items: start; margin-top: .6rem; }
        .plot.spectrum { height: 110px; }
        .bar { fill: var(--bar); }
        .mean { stroke: var(--whole); stroke-width: 2; stroke-linejoin: round; }
        .octaves { display: grid; grid-template-columns: repeat(10, 1fr); margin-left: 36px; font-size: 11px;
          color: var(--quiet); text-align: center; }
        .form { display: grid; grid-template-columns: max-content minmax(0, 1fr); gap: .15rem 1.2rem; margin: .4rem 0;
          font-size: .9rem; align-items: baseline; }
        .form dd { margin: 0; overflow-wrap: anywhere; }
        .tiles { margin: .6rem 0; }
        article .tiles { grid-template-columns: repeat(auto-fill, minmax(9rem, 1fr)); }
        article .tiles dd { font-size: 1rem; }
        article .tiles .absent { white-space: normal; }
        @media (max-width: 46rem) {
          .columns { grid-template-columns: minmax(0, 1fr); gap: .4rem; }
          .form { grid-template-columns: minmax(0, 1fr); gap: 0; }
          .form dd { margin-bottom: .35rem; }
          table.small { display: table; }
          .small thead { display: table-header-group; }
          .small tbody { display: table-row-group; }
          .small tr, .small tbody tr { display: table-row; }
          .small th, .small tbody th { display: table-cell; padding: .3rem .2rem; font-size: .85rem; min-width: 0; }
          .small td.number { display: table-cell; padding: .3rem .2rem; }
          .small td.number::before { content: none; }
          tbody th { min-width: 0; }
          .verdict-cell { grid-column: 1 / -1; text-align: left; border: 0; padding: .1rem 0 .3rem; }
          .unmeasured { grid-column: 1 / -1; text-align: left; border: 0; padding: .1rem 0 .3rem; }
          .total > * { border-top: 0; }
          .advice tbody tr { grid-template-columns: minmax(0, 1fr); }
          .advice td.number::before { white-space: normal; overflow-wrap: anywhere; }
          .after { display: inline; margin-left: .7rem; }
          .counts div { flex: 1 1 28%; min-width: 0; padding: .35rem .6rem; }
          .key { white-space: normal; display: inline-block; }
        }
        @media (max-width: 23rem) {
          tbody tr { grid-template-columns: 1fr 1fr; }
          .advice tbody tr { grid-template-columns: minmax(0, 1fr); }
        }
        @media print {
          :root { --back: #fff; --card: #fff; --text: #1d2126; --quiet: #555c66; --line: #d5d1ca; --short: #1f6f8b;
            --momentary: #7ea5b3; --peaks: #8a94a0; --target: #2f7d4f; --bad: #b3261e; --bad-back: #fdecea;
            --fair: #8a5a00; --fair-back: #fdf3dc; --good: #2f7d4f; --good-back: #e5f3ea; --whole: #9a4f96;
            --band: #2f7d4f; --plain-back: #eceae6; --bar: #6d95a6; --clip: #8a5a00; }
          * { -webkit-print-color-adjust: exact; print-color-adjust: exact; }
          section { break-inside: auto; }
          article, .finding, tr, figure { break-inside: avoid; }
          .wide { overflow: visible; }
        }
        """
}
