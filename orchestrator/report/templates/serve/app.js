"use strict";
// Live updates. All text is set as text, never as markup; the
// one piece of markup that is put into a page is a part of a page that this server made.
(() => {
  const text = (id, value) => {
    const element = document.getElementById(id);
    if (element && element.textContent !== value) element.textContent = value;
  };
  const cell = (tag, value, kind) => {
    const element = document.createElement(tag);
    if (value instanceof Node) element.append(value); else element.textContent = value;
    if (kind) element.className = kind;
    return element;
  };
  const anchor = (link) => {
    if (!link.href) return document.createTextNode(link.id);
    const a = document.createElement("a");
    a.href = link.href;
    a.textContent = link.id;
    return a;
  };
  const row = (...cells) => { const tr = document.createElement("tr"); tr.append(...cells); return tr; };

  // A stream that tells when it is lost, and comes back by itself.
  const follow = (address, told) => {
    const stream = new EventSource(address);
    const note = document.createElement("p");
    note.className = "note lost";
    note.setAttribute("role", "status");
    document.querySelector("header").append(note);
    stream.onopen = () => { note.textContent = ""; };
    stream.onerror = () => { note.textContent = "The server does not answer; what is shown may be old."; };
    stream.onmessage = (event) => told(JSON.parse(event.data));
    addEventListener("pagehide", () => stream.close());
  };

  // A run's overview.
  const main = document.getElementById("main");
  if (document.querySelector("[data-live-run]")) {
    let curve = null, asking = false, again = false;
    const redraw = async () => {
      if (asking) { again = true; return; }
      asking = true;
      const part = document.getElementById("progress-part");
      try {
        const answer = await fetch(main.dataset.base + "/curve?x=" + part.dataset.axis);
        if (answer.ok) {
          const open = part.querySelector("details")?.open;
          const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("progress-part");
          if (open) fresh.querySelector("details")?.setAttribute("open", "");
          part.replaceWith(fresh);
        }
      } catch { /* the stream says that the server is gone */ }
      setTimeout(() => { asking = false; if (again) { again = false; redraw(); } }, 1000);
    };
    let known = null;
    follow(main.dataset.base + "/events", (run) => {
      text("state", run.state);
      document.getElementById("state").className = "badge " + run.tone;
      text("state-note", run.note);
      const cards = document.querySelectorAll(".cards li");
      run.cards.forEach((card, i) => {
        const [, value, note] = cards[i].children;
        if (value.textContent !== card.value) value.textContent = card.value;
        if (note.textContent !== card.note) note.textContent = card.note;
      });
      const slots = run.slots.map((slot) => row(cell("td", slot.what), cell("td", anchor(slot.candidate)), cell("td", slot.detail), cell("td", slot.since)));
      if (!slots.length) { const none = cell("td", "Nothing is under way.", "quiet"); none.colSpan = 4; slots.push(row(none)); }
      document.getElementById("slots").replaceChildren(...slots);
      const before = known;
      known = new Set(run.latest.map((line) => line.id));
      const latest = run.latest.map((line) => {
        const name = cell("th", anchor(line.link));
        name.scope = "row";
        if (line.best) name.append(" ★");
        const tr = row(name, cell("td", line.status, line.tone), cell("td", line.score, "num"), cell("td", line.gain, "num"), cell("td", line.operator), cell("td", line.model), cell("td", line.what, "text"));
        if (before && !before.has(line.id)) tr.className = "fresh";
        return tr;
      });
      if (latest.length) document.getElementById("latest").replaceChildren(...latest);
      if (curve !== null && curve !== run.curve) redraw();
      curve = run.curve;
    });
  }

  // The list of runs.
  const list = document.querySelector("[data-live-list]");
  if (list) {
    follow("/events", (runs) => {
      for (const run of runs) {
        const tr = list.tBodies[0].querySelector('tr[data-run="' + CSS.escape(run.run) + '"]');
        if (!tr) { location.reload(); return; } // a new run: the page knows how to show it
        for (const key of ["state", "why", "score", "gain", "evaluated", "rate", "cost", "time", "last"]) {
          const place = tr.querySelector('[data-key="' + key + '"]');
          if (place.textContent !== run[key]) place.textContent = run[key];
          const value = place.closest("td");
          if (run[key + "_value"] !== undefined) value.dataset.v = run[key + "_value"];
        }
        tr.querySelector('[data-key="state"]').className = run.tone;
      }
    });
  }
})();
