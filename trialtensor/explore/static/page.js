/* Put the figures of a page into their places, and give each what moves it. */
"use strict";
(function () {
  const tt = window.trialtensor;

  tt.addStyle = function (text) {
    const style = document.createElement("style");
    style.textContent = text;
    document.head.append(style);
  };

  /* What is called for every figure: kind (the first tag of its root) -> function. */
  tt.kinds = tt.kinds || {};

  async function show(item) {
    const views = await Bokeh.embed.embed_item(item);
    const view = views.roots ? views.roots[0] : views[0] || Object.values(views)[0];
    const root = view.model;
    tt.documents.push(root.document);
    const place = document.getElementById(item.target_id);
    const about = root.tags.find((tag) => tag !== null && typeof tag === "object");
    tt.trimEdges(place);
    tt.paint(root);
    if (about !== undefined && about.kind in tt.kinds) tt.kinds[about.kind](root, about, place);
  }

  tt.start = async function (items) {
    document.documentElement.dataset.theme = tt.theme();
    await Promise.all(items.map(show));
    document.documentElement.dataset.trialtensor = "ready";
  };
})();
