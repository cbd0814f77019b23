"use strict";
// Tables that sort and filter, plots that follow the theme, the filter and the width. No markup is made from text.
window.page = (() => {
  const read = (id) => JSON.parse(document.getElementById(id).textContent);
  const data = read("data"), specs = read("specs");
  const state = { dataset: "", hidden: new Set(), words: "" };
  const listeners = [];
  const kept = (row) => (!state.dataset || row.dataset === state.dataset) && !state.hidden.has(row.generator);

  // Theme: what the system asks for until the button is pressed.
  const root = document.documentElement, dark = matchMedia("(prefers-color-scheme: dark)");
  const isDark = () => (root.style.colorScheme ? root.style.colorScheme === "dark" : dark.matches);
  document.getElementById("theme").addEventListener("click", () => {
    root.style.colorScheme = isDark() ? "light" : "dark";
    redraw();
  });
  dark.addEventListener("change", () => redraw());

  // Sorting: rows within their group; by the first label the groups themselves.
  const number = (cell) => {
    const text = cell.querySelector("span")?.textContent ?? cell.textContent;
    const found = parseFloat(text.replace("−", "-"));
    return /^[\s-]*[\d.]/.test(text.replace("−", "-")) ? found : NaN;
  };
  const compare = (a, b, sign) => {
    const [x, y] = [number(a), number(b)];
    if (Number.isNaN(x) && Number.isNaN(y)) {
      return a.textContent.trim() === "—" || b.textContent.trim() === "—" ? 0 : sign * a.textContent.localeCompare(b.textContent);
    }
    return Number.isNaN(x) ? 1 : Number.isNaN(y) ? -1 : sign * (x - y);
  };
  function sort(table, column, header) {
    const ascending = header.getAttribute("aria-sort") !== "ascending", sign = ascending ? 1 : -1;
    table.querySelectorAll("th[aria-sort]").forEach((other) => other.removeAttribute("aria-sort"));
    header.setAttribute("aria-sort", ascending ? "ascending" : "descending");
    const bodies = [...table.tBodies];
    if (column === 0 && bodies.length > 1) {
      bodies.sort((a, b) => compare(a.rows[0].cells[0], b.rows[0].cells[0], sign)).forEach((body) => table.append(body));
      return;
    }
    for (const body of bodies) {
      [...body.rows].sort((a, b) => compare(a.cells[column], b.cells[column], sign)).forEach((row) => body.append(row));
    }
  }
  for (const table of document.querySelectorAll("table")) {
    [...table.tHead.rows[0].cells].forEach((header, column) => {
      const button = document.createElement("button");
      button.type = "button";
      button.append(...header.childNodes);
      header.append(button);
      button.addEventListener("click", () => sort(table, column, header));
    });
  }

  // Filters: for tables, plots and gallery alike.
  const form = document.getElementById("filters");
  const counted = document.getElementById("counted");
  form.hidden = false;
  form.addEventListener("submit", (event) => event.preventDefault());
  form.addEventListener("input", () => {
    state.dataset = form.querySelector("#dataset").value;
    state.words = form.querySelector("#words").value.trim().toLowerCase();
    state.hidden = new Set([...form.querySelectorAll("[name=generator]:not(:checked)")].map((box) => box.value));
    let shown = 0, all = 0;
    for (const row of document.querySelectorAll("tr[data-row]")) {
      const { dataset = "", generator } = row.dataset;
      const off = (state.dataset && dataset && dataset !== state.dataset) || state.hidden.has(generator)
        || (state.words && !row.textContent.toLowerCase().includes(state.words));
      row.hidden = Boolean(off);
      all += 1;
      shown += off ? 0 : 1;
    }
    for (const body of document.querySelectorAll("tbody")) body.hidden = [...body.rows].every((row) => row.hidden);
    counted.textContent = shown === all ? "" : `${shown} of ${all} rows`;
    redraw();
    listeners.forEach((listener) => listener());
  });

  // Plots.
  const bound = new Map(data.generators.map((each) => [each.name, each.bound]));
  const untrained = new Set(data.generators.filter((each) => each.untrained).map((each) => each.name));
  const ranked = (rows) => {
    const order = data.generators.map((each) => each.name);
    return rows.sort((a, b) => order.indexOf(a.generator) - order.indexOf(b.generator));
  };
  const rows = {
    intervals: (name) => ranked(data.cells.filter((cell) => cell.metric === name && (bound.get(cell.generator)
      ? !state.dataset || cell.dataset === state.dataset : kept(cell)))
      .map((cell) => ({ ...cell, low: cell.low ?? cell.value, high: cell.high ?? cell.value,
        bound: bound.get(cell.generator) ?? "", kind: untrained.has(cell.generator) ? "untrained" : "learnt" }))),
    clips: (name) => ranked(data.prompts.flatMap(({ dataset, key, takes }) => Object.entries(takes)
      .filter(([generator, take]) => kept({ dataset, generator }) && take.scores && name in take.scores)
      .map(([generator, take]) => ({ dataset, generator, clip: key, score: take.scores[name] })))),
    quality: (name) => {
      const factor = new Map(data.costs.map((cost) => [`${cost.dataset}\n${cost.generator}`, cost.factor]));
      return rows.intervals(name).filter((cell) => !cell.bound)
        .map((cell) => ({ ...cell, factor: factor.get(`${cell.dataset}\n${cell.generator}`) }))
        .filter((cell) => cell.factor > 0);
    },
    stages: () => ranked(data.costs.filter(kept).flatMap(({ dataset, generator, stages }) =>
      Object.entries(stages).map(([stage, seconds], place) => ({ dataset, generator, stage, seconds, place })))),
  };
  const PALETTE = [["#0b6e6e", "#c2703d", "#5b6ea8", "#8f6a9e", "#7a8b3c", "#b0566b", "#3f8fb0", "#a8873a", "#5f6a72"],
    ["#5cc8c8", "#e09a68", "#98a8dd", "#c5a0d2", "#b3c46e", "#e08fa2", "#7fc3e0", "#d8bb72", "#a8b2ba"]];
  function themed() {
    const css = getComputedStyle(document.body), colour = (name) => css.getPropertyValue(name).trim();
    const probe = document.createElement("i");
    document.body.append(probe);
    const resolved = (name) => { probe.style.color = `var(${name})`; return getComputedStyle(probe).color; };
    const [ink, soft, line, accent] = ["--ink", "--soft", "--line", "--accent"].map(resolved);
    probe.remove();
    return {
      aria: false, background: "transparent", font: css.fontFamily, view: { stroke: null },
      axis: { labelColor: soft, titleColor: soft, gridColor: line, domainColor: line, tickColor: line, titleFontWeight: 400, labelFontSize: 11, titleFontSize: 11 },
      axisY: { labelColor: ink, labelFontSize: 12, ticks: false, grid: false },
      header: { labelColor: ink, labelFontSize: 12, labelFontWeight: 600 },
      legend: { labelColor: ink, titleColor: soft, labelFontSize: 11, labelLimit: 140, symbolFillColor: soft, symbolStrokeColor: soft },
      range: { category: PALETTE[isDark() ? 1 : 0] },
      rule: { color: accent }, point: { color: accent },
      style: {
        ceiling: { color: accent, strokeDash: [5, 3], strokeWidth: 1.5 }, chance: { color: soft, strokeDash: [1.5, 2.5], strokeWidth: 2 },
        half: { color: accent, opacity: 0.2 }, clip: { color: accent, opacity: 0.5 }, median: { color: ink },
      },
    };
  }
  async function draw(element) {
    const { family, name } = element.dataset;
    const values = rows[family](name);
    element.dataset.drawn = "yes";
    const spec = structuredClone(specs[family][name]);
    const labels = family === "quality" ? 60 : Math.min(138, 12 + 7 * Math.max(4, ...values.map((row) => row.bound ? 0 : row.generator.length)));
    const width = Math.max(120, element.clientWidth - labels - 22);
    (spec.spec ?? spec).width = width;
    if (!values.length) { element.textContent = "Nothing to draw with this filter."; return; }
    await vegaEmbed(element, { ...spec, data: { values } },
      { actions: false, renderer: "svg", ast: true, config: themed(), defaultStyle: false, tooltip: { theme: isDark() ? "dark" : "light" } });
    element.querySelector("svg").setAttribute("aria-hidden", "true");  // the element itself is a named image
  }
  const seen = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) if (isIntersecting && !target.dataset.drawn) draw(target);
  }, { rootMargin: "300px" });
  const plots = [...document.querySelectorAll(".vega")];
  plots.forEach((element) => seen.observe(element));
  function redraw() {
    for (const element of plots) {
      if (!element.dataset.drawn) continue;
      delete element.dataset.drawn;
      seen.unobserve(element);  // observed anew it is told at once whether it is in sight
      seen.observe(element);
    }
  }
  const quality = document.getElementById("quality");
  quality?.addEventListener("change", () => {
    const element = plots.find((plot) => plot.dataset.family === "quality");
    element.dataset.name = quality.value;
    draw(element);
  });
  let width = innerWidth, waiting;
  addEventListener("resize", () => {
    clearTimeout(waiting);
    waiting = setTimeout(() => { if (innerWidth !== width) { width = innerWidth; redraw(); } }, 200);
  });
  return { data, state, onFilter: (listener) => listeners.push(listener) };
})();
