// Comfort only: the page says everything without it.
(function () {
  "use strict";
  var filter = document.getElementById("filter"), table = document.getElementById("all");
  function open(element) {
    for (; element; element = element.parentElement)
      if (element.tagName === "DETAILS")
        element.open = true;
  }
  function follow() {
    var target = document.getElementById(decodeURIComponent(location.hash.slice(1)));
    if (target) {
      open(target);
      target.scrollIntoView();
    }
  }
  function show(words) {
    var rows = table.tBodies[0].rows, shown = 0;
    for (var i = 0; i < rows.length; i++) {
      var text = rows[i].textContent.toLowerCase();
      rows[i].hidden = !words.every(function (word) { return text.indexOf(word) >= 0; });
      shown += rows[i].hidden ? 0 : 1;
    }
    filter.querySelector("[role=status]").textContent = shown + " of " + rows.length + " shown";
  }
  if (filter && table) {
    filter.hidden = false;
    filter.querySelector("input").addEventListener("input", function (event) {
      show(event.target.value.toLowerCase().split(/\s+/).filter(Boolean));
    });
  }
  window.addEventListener("hashchange", follow);
  window.addEventListener("beforeprint", function () {
    document.querySelectorAll("details").forEach(function (d) { d.open = true; });
  });
  if (location.hash)
    follow();
})();
