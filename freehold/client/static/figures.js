/** Draws the charts of the operator's page of the feed; the tables beside them say the same. */
const uPlot = /** @type {any} */ (window).uPlot;
const data = JSON.parse(document.getElementById("figures")?.textContent || "{}");
const charts = /** @type {HTMLElement[]} */ ([...document.querySelectorAll("[data-chart]")]);
const DASHES = [[], [7, 4], [2.5, 3]];
const DAY_US = 86_400_000_000;
/** What the marks of an axis of each kind may be apart. @type {Record<string, number[]>} */
const STEPS = {
  time: [1, 2, 3, 4, 6, 12].map((hours) => hours * 3600),
  day: [1, 2, 3, 5, 7, 14].map((days) => days * 86400),
  number: [5, 10, 25],
};
const FONT = "12px system-ui, sans-serif";

/** How each kind of number is written. @type {Record<string, (value: number) => string>} */
const WRITTEN = {
  time: (s) => new Date(s * 1000).toLocaleString(undefined, { day: "numeric", month: "short", hour: "2-digit", minute: "2-digit", timeZone: "UTC" }),
  day: (s) => new Date(s * 1000).toLocaleDateString(undefined, { day: "numeric", month: "short", timeZone: "UTC" }),
  number: (value) => `${Math.ceil(value - 5)}–${Math.floor(value + 5)}`,
  count: (value) => value.toLocaleString(),
  share: (value) => `${(value * 100).toFixed(value * 100 % 1 ? 1 : 0)} %`,
  value: (value) => value.toFixed(2),
};

/** How the marks of an axis are written, where shorter. @type {Record<string, (value: number) => string>} */
const MARKED = { time: (s) => new Date(s * 1000).toISOString().slice(11, 16), number: String };

/** The colour that the style sheet gives, which the canvas cannot look up itself. @param {Element | null} element @param {string} name */
const styled = (element, name = "color") => (element ? getComputedStyle(element).getPropertyValue(name) : "");

/** @param {HTMLElement} chart */
function draw(chart) {
  const [x, y] = (chart.dataset.kinds || "").split(" ");
  const isTime = x !== "number";
  const [places, ...columns] = data[chart.dataset.chart || ""];
  const names = [...(chart.previousElementSibling?.children || [])];
  const series = columns.map((/** @type {unknown} */ _, /** @type {number} */ number) => ({
    label: names[number].textContent,
    stroke: styled(names[number].querySelector("svg")),
    width: 2,
    dash: DASHES[number],
    spanGaps: true,
    points: { show: places.length < 40, size: 6 },
  }));
  chart.replaceChildren();
  return new uPlot(
    {
      width: chart.clientWidth,
      height: chart.clientHeight,
      tzDate: (/** @type {number} */ s) => uPlot.tzDate(new Date(s * 1000), "Etc/UTC"),
      legend: { show: false },
      cursor: { drag: { x: false, y: false }, y: false },
      scales: { x: { time: isTime, range: reach(places, isTime) }, y: { range: (_, low, high) => [Math.min(0, low), high > 0 ? high * 1.08 : 1] } },
      axes: [axis(chart, x === "time" && places.at(-1) - places[0] > 2 * DAY_US ? "day" : x), axis(chart, y)],
      series: [{}, ...series],
      hooks: { setCursor: [(/** @type {any} */ plot) => read(chart, plot, x, y)] },
    },
    [isTime ? places.map((/** @type {number} */ us) => us / 1e6) : places, ...columns],
    chart,
  );
}

/** One place alone still has a stretch to stand in. @param {number[]} places @param {boolean} isTime */
function reach(places, isTime) {
  const room = places.length > 1 ? 0 : isTime ? 43200 : 1;
  return (/** @type {any} */ _, /** @type {number} */ low, /** @type {number} */ high) => [low - room, high + room];
}

/** @param {HTMLElement} chart @param {string} kind */
function axis(chart, kind) {
  const line = { stroke: styled(document.querySelector(".card"), "border-top-color"), width: 1 };
  const written = MARKED[kind] || WRITTEN[kind];
  const values = (/** @type {any} */ _, /** @type {number[]} */ all) => all.map((one) => written(one));
  const incrs = STEPS[kind];
  return { stroke: styled(chart.nextElementSibling), font: FONT, grid: line, ticks: line, values, size: incrs ? 34 : 56, ...(incrs && { incrs }) };
}

/** Says in words what stands under the pointer. @param {HTMLElement} chart @param {any} plot @param {string} x @param {string} y */
function read(chart, plot, x, y) {
  const place = plot.cursor.idx;
  const said = chart.nextElementSibling;
  if (!said) return;
  if (place === null || place === undefined) return void (said.textContent = "\u00a0");
  const parts = plot.series.slice(1).map((/** @type {any} */ one, /** @type {number} */ number) => {
    const value = plot.data[number + 1][place];
    return `${one.label} ${value === null ? "–" : WRITTEN[y](value)}`;
  });
  said.textContent = [WRITTEN[x](plot.data[0][place]), ...parts].join(" · ");
}

let plots = charts.map(draw);
function again() {
  plots.forEach((plot) => plot.destroy());
  plots = charts.map(draw);
}
new MutationObserver(again).observe(document.documentElement, { attributeFilter: ["data-theme"] });
matchMedia("(prefers-color-scheme: dark)").addEventListener("change", again);
new ResizeObserver(() => plots.forEach((plot, number) => plot.setSize({ width: charts[number].clientWidth, height: charts[number].clientHeight }))).observe(document.body);
