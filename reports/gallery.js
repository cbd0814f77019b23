"use strict";
// The same prompt from every generator under one clock. The clip that sounds leads; the others follow it, by their
// speed while they are near, by a jump when they are far.
(() => {
  const stage = document.getElementById("stage");
  if (!stage) return;
  const { data, state, onFilter } = window.page;
  const $ = (id) => document.getElementById(id);
  const [by, of, first, prompt, sound, speed, seek, play, takes] =
    ["by", "of", "first", "prompt", "sound", "speed", "seek", "play", "takes"].map($);
  const metrics = new Map(data.metrics.map((metric) => [metric.name, metric]));
  const NEAR = 0.3, TIGHT = 0.004, STEER = 2, MOST = 0.25;
  let shown = [], clips = [], playing = false, position = 0, length = 0;

  const make = (tag, parent, text, css) => {
    const element = document.createElement(tag);
    if (text !== undefined) element.textContent = text;
    if (css) element.className = css;
    parent?.append(element);
    return element;
  };
  const fixed = (value) => (value === 0 ? "0" : Math.abs(value) >= 1e5 || Math.abs(value) < 1e-3 ? value.toExponential(2) : String(+value.toPrecision(4)));

  const scored = new Set(data.prompts.flatMap((each) => Object.values(each.takes).flatMap((take) => Object.keys(take.scores ?? {}))));
  for (const metric of data.metrics) if (scored.has(metric.name)) make("option", by, metric.title).value = metric.name;
  const leaders = [...data.generators].sort((a, b) => Boolean(a.bound) - Boolean(b.bound) || a.untrained - b.untrained);
  for (const each of leaders) make("option", of, each.name);
  if (!by.options.length) first.value = "key";

  function order() {
    const metric = metrics.get(by.value), sign = (metric?.direction === "higher" ? 1 : -1) * (first.value === "best" ? -1 : 1);
    const score = (each) => each.takes[of.value]?.scores?.[by.value];
    shown = data.prompts.filter((each) => !state.dataset || each.dataset === state.dataset);
    if (first.value !== "key" && metric) {
      shown = [...shown].sort((a, b) => {
        const [x, y] = [score(a), score(b)];
        if (x === undefined || y === undefined) return (x === undefined) - (y === undefined);
        return sign * (x - y);
      });
    }
    prompt.replaceChildren();
    shown.forEach((each, place) => {
      const mark = score(each);
      const told = first.value === "key" || mark === undefined ? "" : `${fixed(mark)} · `;
      make("option", prompt, `${told}${each.dataset}, ${each.key}`).value = place;
    });
    show(0);
  }

  function show(place) {
    pause();
    const each = shown[place];
    clips.forEach(({ video }) => { video.removeAttribute("src"); video.load(); });
    clips = [];
    takes.replaceChildren();
    position = length = 0;
    $("previous").disabled = place <= 0;
    $("next").disabled = place >= shown.length - 1;
    if (!each) { $("spoken").textContent = "No prompt with this filter."; $("told").textContent = ""; return; }
    prompt.value = place;
    $("spoken").textContent = each.text ? `“${each.text}”` : "";
    $("told").textContent = [each.key, each.dataset, each.source].filter(Boolean).join(" · ");
    const wanted = data.generators.map((one) => one.name).filter((name) => !state.hidden.has(name) && each.takes[name]);
    if (each.reference) tile("reference", each.reference, each, {});
    for (const name of wanted) tile(name, each.takes[name], each, extremes(each, wanted));
    const before = sound.value;
    sound.replaceChildren();
    for (const { name } of clips) make("option", sound, name);
    make("option", sound, "none");
    const preferred = leaders.map((one) => one.name).find((name) => clips.some((clip) => clip.name === name));
    sound.value = [...sound.options].some((option) => option.value === before) && before !== "none" ? before : preferred ?? "none";
    listen();
    measure();
  }

  // Bounds do not compete, and what has no rank in the tables is not marked here either.
  const place = (...names) => JSON.stringify(names);
  const unranked = new Set(data.cells.filter((cell) => cell.unranked)
    .map((cell) => place(cell.dataset, cell.generator, cell.metric)));
  const rival = (name, dataset, metric) =>
    data.generators.some((one) => one.name === name && !one.bound && !one.untrained) && !unranked.has(place(dataset, name, metric));

  function extremes(each, names) {
    const found = {};
    for (const { name, direction } of data.metrics) {
      const marks = names.filter((one) => rival(one, each.dataset, name))
        .map((one) => each.takes[one].scores?.[name]).filter((mark) => mark !== undefined);
      if (marks.length < 2) continue;
      const ends = [Math.min(...marks), Math.max(...marks)];
      if (ends[0] !== ends[1]) found[name] = direction === "lower" ? ends : ends.reverse();
    }
    return found;
  }

  function tile(name, take, each, ends) {
    const figure = make("figure", takes, undefined, "take");
    make("figcaption", figure, name);
    if (take.file) {
      const video = make("video", figure);
      Object.assign(video, { playsInline: true, preload: "auto", muted: true, src: take.file });
      video.setAttribute("aria-label", `${name}: ${each.key}`);
      const clip = { name, video, figure, hand: null };
      video.addEventListener("loadedmetadata", measure);
      video.addEventListener("error", () => {
        if (!video.getAttribute("src")) return;
        video.replaceWith(make("div", null, "The clip is not beside this report, or the browser cannot play it.", "failed"));
        clips = clips.filter((other) => other !== clip);
        measure();
      });
      clips.push(clip);
      if (take.trace) {
        const trace = make("div", figure, undefined, "trace");
        const picture = make("img", trace);
        Object.assign(picture, { loading: "lazy", src: take.trace, alt: `Spectrogram and motion of ${name}` });
        clip.hand = make("i", trace);
      }
    } else {
      make("div", figure, take.error ?? "no clip", "failed");
    }
    const marks = Object.entries(take.scores ?? {});
    if (marks.length) {
      const list = make("dl", figure, undefined, "marks");
      for (const [metric, mark] of marks) {
        const [best, worst] = ends[metric] ?? [];
        const css = !rival(name, each.dataset, metric) ? "" : mark === best ? "top" : mark === worst ? "low" : "";
        make("dt", list, metrics.get(metric).title);
        const told = make("dd", list, fixed(mark), css);
        if (css) make("span", told, css === "top" ? " best" : " worst", "unseen");
      }
    }
    const reasons = [take.file ? take.error : null, ...(take.failed ?? [])].filter(Boolean);
    if (reasons.length) {
      const list = make("ul", figure, undefined, "reasons");
      reasons.forEach((reason) => make("li", list, reason));
    }
  }

  function measure() {
    length = Math.max(0, ...clips.map(({ video }) => video.duration || 0));
    seek.max = length || 1;
    told();
  }
  function told() {
    $("clock").textContent = `${position.toFixed(2)} of ${length.toFixed(2)} s`;
    seek.value = position;
    for (const { video, hand } of clips) if (hand && video.duration) hand.style.left = `${100 * Math.min(1, position / video.duration)}%`;
  }
  function listen() {
    for (const { name, video, figure } of clips) {
      video.muted = name !== sound.value;
      figure.classList.toggle("heard", name === sound.value);
    }
  }
  const over = (video) => video.ended || (video.duration && position >= video.duration - 0.02);
  function leader() {
    const heard = clips.find(({ name, video }) => name === sound.value && !over(video));
    return heard ?? clips.filter(({ video }) => !over(video)).sort((a, b) => (b.video.duration || 0) - (a.video.duration || 0))[0];
  }
  function jump(seconds) {
    position = Math.max(0, Math.min(seconds, length || seconds));
    for (const { video } of clips) video.currentTime = Math.min(position, Math.max(0, (video.duration || position) - 0.001));
    told();
  }
  async function start() {
    if (!clips.length || playing) return;
    if (position >= length - 0.05) jump(0);
    playing = true;
    play.textContent = "Pause";
    const rate = Number(speed.value);
    for (const { video } of clips) video.playbackRate = rate;
    await Promise.all(clips.filter(({ video }) => !over(video)).map(({ video }) => video.play().catch(() => {})));
    tick();
  }
  function pause() {
    playing = false;
    play.textContent = "Play";
    clips.forEach(({ video }) => video.pause());
  }
  function tick() {
    if (!playing) return;
    const lead = leader(), rate = Number(speed.value);
    if (!lead) { position = length; pause(); told(); return; }
    position = lead.video.currentTime;
    lead.video.playbackRate = rate;
    if (lead.video.paused && !lead.video.ended) lead.video.play().catch(() => {});
    for (const { video } of clips) {
      if (video === lead.video || over(video)) continue;
      const drift = video.currentTime - position;
      if (Math.abs(drift) > NEAR) video.currentTime = position;
      else video.playbackRate = Math.abs(drift) < TIGHT ? rate : rate * (1 - Math.max(-MOST, Math.min(MOST, STEER * drift)));
      if (video.paused) video.play().catch(() => {});
    }
    told();
    requestAnimationFrame(tick);
  }

  play.addEventListener("click", () => (playing ? pause() : start()));
  seek.addEventListener("input", () => jump(Number(seek.value)));
  sound.addEventListener("change", listen);
  stage.addEventListener("keydown", (event) => {
    if (event.key !== " " || event.target.matches("button, select, summary, a")) return;
    event.preventDefault();
    play.click();
  });
  by.addEventListener("change", order);
  of.addEventListener("change", order);
  first.addEventListener("change", order);
  prompt.addEventListener("change", () => show(Number(prompt.value)));
  $("previous").addEventListener("click", () => show(Number(prompt.value) - 1));
  $("next").addEventListener("click", () => show(Number(prompt.value) + 1));
  onFilter(order);
  new IntersectionObserver(([entry], observer) => {  // no clip is fetched before the gallery is near
    if (entry.isIntersecting) { observer.disconnect(); order(); }
  }, { rootMargin: "400px" }).observe(stage);
})();
