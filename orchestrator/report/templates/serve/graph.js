"use strict";
// The lineage graph on a canvas: thousands of nodes move fluently there. What is drawn is told in
// words beside it, and everything can be reached with the keyboard.
(() => {
  const canvas = document.getElementById("graph");
  const pen = canvas.getContext("2d");
  const base = document.getElementById("main").dataset.base;
  const style = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const dark = matchMedia("(prefers-color-scheme: dark)");
  // Told apart by people who see colours differently (after Okabe and Ito), and by shape.
  const hues = ["#0072b2", "#d55e00", "#009e73", "#cc79a7", "#e69f00", "#56b4e9", "#7f7f7f", "#b8860b"];
  const shapes = 4;
  let graph = null, children = [], chosen = -1, scale = 1, left = 0, top = 0, by = "rank", waiting = false;

  const name = (i) => "c" + String(graph.id[i]).padStart(6, "0");
  const x = (i) => graph.x[i] * 40, y = (i) => graph.y[i] * 12;

  const kind = (i) => {
    if (by === "island") return graph.island[i];
    if (by === "operator") return graph.operator[i];
    if (by === "model") return graph.model[i];
    return graph.status[i];
  };
  const words = (value) => {
    if (by === "island") return "island " + value;
    return { operator: graph.operators, model: graph.models, status: graph.statuses }[by][value];
  };
  const shade = (rank) => {
    if (rank === null) return style("--bad");
    const light = dark.matches ? 30 + 55 * rank : 85 - 60 * rank;
    return "hsl(210 70% " + light.toFixed(0) + "%)";
  };

  const mark = (at, px, py, size) => {
    pen.beginPath();
    if (by === "rank") {
      pen.fillStyle = shade(graph.rank[at]);
      if (graph.rank[at] === null) { // failures are crosses
        pen.strokeStyle = style("--bad");
        pen.lineWidth = 1.2;
        pen.moveTo(px - size, py - size); pen.lineTo(px + size, py + size);
        pen.moveTo(px + size, py - size); pen.lineTo(px - size, py + size);
        pen.stroke();
        return;
      }
      pen.arc(px, py, size, 0, 7);
    } else {
      const value = kind(at);
      pen.fillStyle = hues[value % hues.length];
      outline(pen, value % shapes, px, py, size);
    }
    pen.fill();
  };
  // A circle, a square, a triangle or a diamond.
  const outline = (on, shape, px, py, size) => {
    on.beginPath();
    if (shape === 0) { on.arc(px, py, size, 0, 7); return; }
    const corners = shape === 2 ? 3 : 4;
    const turn = shape === 1 ? Math.PI / 4 : -Math.PI / 2;
    for (let i = 0; i < corners; i += 1) {
      const angle = turn + (i * 2 * Math.PI) / corners;
      on.lineTo(px + Math.cos(angle) * size * 1.3, py + Math.sin(angle) * size * 1.3);
    }
    on.closePath();
  };

  const draw = () => {
    waiting = false;
    const ratio = devicePixelRatio || 1;
    const width = canvas.clientWidth, height = canvas.clientHeight;
    canvas.width = width * ratio;
    canvas.height = height * ratio;
    pen.setTransform(ratio, 0, 0, ratio, 0, 0);
    pen.clearRect(0, 0, width, height);
    if (!graph) return;
    const px = (i) => x(i) * scale + left, py = (i) => y(i) * scale + top;
    pen.strokeStyle = style("--rule");
    pen.lineWidth = 1;
    pen.beginPath();
    for (let i = 0; i < graph.id.length; i += 1) {
      const parent = graph.parent[i];
      if (parent < 0) continue;
      pen.moveTo(px(parent), py(parent));
      pen.lineTo(px(i), py(i));
    }
    pen.stroke();
    pen.setLineDash([3, 4]);
    pen.beginPath();
    for (const [child, parent] of graph.more) { pen.moveTo(px(parent), py(parent)); pen.lineTo(px(child), py(child)); }
    pen.stroke();
    pen.setLineDash([]);
    pen.strokeStyle = style("--accent");
    pen.lineWidth = 3;
    pen.beginPath();
    graph.path.forEach((i, place) => { if (place) pen.lineTo(px(i), py(i)); else pen.moveTo(px(i), py(i)); });
    pen.stroke();
    const size = Math.max(1.5, Math.min(6, 4 * scale));
    for (let i = 0; i < graph.id.length; i += 1) {
      const a = px(i), b = py(i);
      if (a > -9 && b > -9 && a < width + 9 && b < height + 9) mark(i, a, b, size);
    }
    pen.strokeStyle = style("--ink");
    pen.lineWidth = 1.5;
    for (const i of graph.path) pen.strokeRect(px(i) - size - 2, py(i) - size - 2, 2 * size + 4, 2 * size + 4);
    if (chosen >= 0) {
      pen.lineWidth = 3;
      pen.beginPath();
      pen.arc(px(chosen), py(chosen), size + 6, 0, 7);
      pen.stroke();
    }
  };
  const redraw = () => { if (!waiting) { waiting = true; requestAnimationFrame(draw); } };

  const fit = () => {
    if (!graph || !graph.id.length) return;
    const wide = Math.max(...graph.x) * 40 + 80, high = Math.max(...graph.y) * 12 + 48;
    scale = Math.min(canvas.clientWidth / wide, canvas.clientHeight / high, 4);
    left = (canvas.clientWidth - (wide - 80) * scale) / 2;
    top = (canvas.clientHeight - (high - 48) * scale) / 2;
    redraw();
  };
  const zoom = (factor, px, py) => {
    const next = Math.min(12, Math.max(0.005, scale * factor));
    left = px - ((px - left) * next) / scale;
    top = py - ((py - top) * next) / scale;
    scale = next;
    redraw();
  };
  const choose = (i, center) => {
    if (i < 0 || i >= graph.id.length) return;
    chosen = i;
    if (center) {
      scale = Math.max(scale, 0.6);
      left = canvas.clientWidth / 2 - x(i) * scale;
      top = canvas.clientHeight / 2 - y(i) * scale;
    }
    const a = document.createElement("a");
    a.href = base + "/candidates/" + name(i);
    a.textContent = name(i);
    const score = graph.score[i] === null ? "no score" : "score " + graph.score[i];
    const rest = ": " + [graph.statuses[graph.status[i]], score, graph.operators[graph.operator[i]], "model " + graph.models[graph.model[i]], "island " + graph.island[i], "generation " + graph.x[i], graph.path.includes(i) ? "on the path to the best" : ""].filter(Boolean).join(", ");
    document.getElementById("node").replaceChildren(a, rest);
    redraw();
  };
  const nearest = (px, py) => {
    let best = -1, least = 144;
    for (let i = 0; i < graph.id.length; i += 1) {
      const a = x(i) * scale + left - px, b = y(i) * scale + top - py;
      const far = a * a + b * b;
      if (far < least) { least = far; best = i; }
    }
    return best;
  };

  const legend = () => {
    const place = document.getElementById("legend");
    place.replaceChildren();
    const entry = (paint, label) => {
      const span = document.createElement("span");
      const sample = document.createElement("canvas");
      sample.width = sample.height = 32;
      const own = sample.getContext("2d");
      own.scale(2, 2);
      paint(own);
      span.append(sample, " " + label);
      place.append(span);
    };
    if (by === "rank") {
      for (const [rank, label] of [[0, "worst score"], [0.5, "middle"], [1, "best score"]]) entry((own) => { own.fillStyle = shade(rank); own.arc(8, 8, 5, 0, 7); own.fill(); }, label);
      entry((own) => { own.strokeStyle = style("--bad"); own.lineWidth = 2; own.moveTo(4, 4); own.lineTo(12, 12); own.moveTo(12, 4); own.lineTo(4, 12); own.stroke(); }, "no score");
      return;
    }
    const seen = [...new Set(graph.id.map((_, i) => kind(i)))].sort((a, b) => a - b).slice(0, 24);
    for (const value of seen) entry((own) => {
      own.fillStyle = hues[value % hues.length];
      outline(own, value % shapes, 8, 8, 5);
      own.fill();
    }, words(value));
  };

  let drag = null, moved = false;
  canvas.addEventListener("pointerdown", (event) => { drag = [event.offsetX, event.offsetY]; moved = false; canvas.setPointerCapture(event.pointerId); });
  canvas.addEventListener("pointermove", (event) => {
    if (!drag) return;
    const [a, b] = [event.offsetX - drag[0], event.offsetY - drag[1]];
    if (Math.abs(a) + Math.abs(b) > 3) moved = true;
    if (!moved) return;
    left += a; top += b;
    drag = [event.offsetX, event.offsetY];
    redraw();
  });
  canvas.addEventListener("pointerup", (event) => { drag = null; if (!moved && graph) choose(nearest(event.offsetX, event.offsetY), false); });
  canvas.addEventListener("wheel", (event) => { event.preventDefault(); zoom(event.deltaY < 0 ? 1.2 : 1 / 1.2, event.offsetX, event.offsetY); }, { passive: false });
  canvas.addEventListener("dblclick", () => { if (chosen >= 0) location.href = base + "/candidates/" + name(chosen); });
  canvas.addEventListener("keydown", (event) => {
    if (!graph || !graph.id.length) return;
    const beside = (step) => {
      const same = graph.id.map((_, i) => i).filter((i) => graph.x[i] === graph.x[chosen]).sort((a, b) => graph.y[a] - graph.y[b]);
      return same[same.indexOf(chosen) + step] ?? chosen;
    };
    const middle = [canvas.clientWidth / 2, canvas.clientHeight / 2];
    const keys = {
      ArrowLeft: () => choose(graph.parent[chosen], true),
      ArrowRight: () => choose(children[chosen]?.[0] ?? -1, true),
      ArrowUp: () => choose(beside(-1), true),
      ArrowDown: () => choose(beside(1), true),
      Enter: () => { location.href = base + "/candidates/" + name(chosen); },
      "+": () => zoom(1.3, ...middle),
      "-": () => zoom(1 / 1.3, ...middle),
    };
    if (!keys[event.key]) return;
    event.preventDefault();
    if (chosen < 0 && event.key.startsWith("Arrow")) choose(graph.path[graph.path.length - 1] ?? 0, true);
    else if (chosen >= 0 || !event.key.match(/Arrow|Enter/)) keys[event.key]();
  });
  document.getElementById("colour").addEventListener("change", (event) => { by = event.target.value; legend(); redraw(); });
  document.getElementById("fit").addEventListener("click", fit);
  document.getElementById("to-best").addEventListener("click", () => { if (graph) choose(graph.path[graph.path.length - 1] ?? -1, true); });
  new ResizeObserver(redraw).observe(canvas);
  dark.addEventListener("change", () => { if (graph) legend(); redraw(); });

  (async () => {
    const answer = await fetch(canvas.dataset.source);
    if (!answer.ok) { document.getElementById("graph-note").textContent = "The graph cannot be read."; return; }
    graph = await answer.json();
    children = graph.id.map(() => []);
    graph.parent.forEach((parent, i) => { if (parent >= 0) children[parent].push(i); });
    const drawn = graph.id.length;
    document.getElementById("graph-note").textContent = drawn < graph.total ? drawn + " of " + graph.total + " candidates: the path to the best, former bests, the best, the newest, and all their ancestors" : drawn + " candidates";
    canvas.dataset.nodes = drawn;
    legend();
    fit();
  })();
})();
