// Draws every figure of the page in the colours of its surroundings, again when
// they change: light, dark, paper.
(function () {
  'use strict';
  var light = {
    ink: '#16202a', muted: '#5a6672', rule: '#d8dee4',
    first: '#1f6fd1', second: '#c2560c', third: '#5a6672', fourth: '#7a4fb5',
    band: '#1f6fd1', limit: '#b3261e',
    promote: '#1a7f4b', reject: '#b3261e', inconclusive: '#8a5a00'
  };
  var dark = {
    ink: '#e6ebf0', muted: '#9aa7b4', rule: '#2c3742',
    first: '#7ab2ff', second: '#ffab70', third: '#9aa7b4', fourth: '#c3a6f5',
    band: '#7ab2ff', limit: '#ff8a80',
    promote: '#5bc98c', reject: '#ff8a80', inconclusive: '#f0b95a'
  };
  var dark_surroundings = window.matchMedia('(prefers-color-scheme: dark)');
  var figures = [];

  function config(colours) {
    var axis = {
      domainColor: colours.rule, tickColor: colours.rule,
      gridColor: colours.rule, labelColor: colours.muted,
      titleColor: colours.muted, titleFontWeight: 'normal', labelFontSize: 11,
      titleFontSize: 12
    };
    var style = {};
    Object.keys(colours).forEach(function (name) {
      style[name] = {stroke: colours[name]};
      style[name + '-fill'] = {fill: colours[name]};
    });
    style.label = {fill: colours.ink, fontSize: 12};
    return {
      background: null, axis: axis, style: style,
      legend: {labelColor: colours.ink, titleColor: colours.muted},
      range: {category: [colours.first, colours.second, colours.third,
                         colours.fourth]}
    };
  }

  function draw(figure, colours) {
    var specification = Object.assign({}, figure.specification);
    delete specification.config;
    if (figure.view) figure.view.finalize();
    figure.view = new vega.View(vega.parse(specification, config(colours)),
                                {renderer: 'svg', container: figure.plot});
    // Not runAsync(): what is to be printed must be there now.
    figure.view.width(Math.max(figure.plot.clientWidth, 240)).run();
  }

  function drawAll() {
    var colours = dark_surroundings.matches ? dark : light;
    figures.forEach(function (figure) { draw(figure, colours); });
  }

  document.querySelectorAll('script.vega').forEach(function (script) {
    var specification = JSON.parse(script.textContent);
    // What is shown can be taken as it is, colours included.
    specification.config = config(light);
    figures.push({
      plot: document.getElementById(script.dataset.plot),
      specification: specification
    });
    script.parentNode.querySelector('pre').textContent =
      JSON.stringify(specification, null, 1);
  });
  drawAll();
  dark_surroundings.addEventListener('change', drawAll);
  window.addEventListener('beforeprint', function () {
    figures.forEach(function (figure) { draw(figure, light); });
  });
  window.addEventListener('afterprint', drawAll);
  var width = window.innerWidth;
  window.addEventListener('resize', function () {
    if (window.innerWidth === width) return;
    width = window.innerWidth;
    drawAll();
  });
})();
