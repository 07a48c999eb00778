# cmake -DVEGA=FOLDER -DOUT=FILE -P bundle_vega.cmake
# Joins Debian's Vega modules (UMD, one file each) to one script. A loader of
# ten lines gives each what it requires; like Vega's own index.js, it registers
# the transforms that our figures use.
set(modules util canvas format loader time dataflow scale scenegraph statistics
            expression selections functions runtime event-selector parser view
            transforms view-transforms encode)
set(text [=[
/* Vega, BSD-3-Clause, (c) University of Washington Interactive Data Lab and
   contributors; with parts of D3, ISC, (c) Mike Bostock. */
var vega = (function () {
  'use strict';
  var loaded = {};
  function require(name) { return loaded[name]; }
  function define(name, body) {
    var module = {exports: {}};
    body(module.exports, module, require);
    loaded[name] = module.exports;
  }
]=])
foreach(module ${modules})
  # Debian's file of vega-selections lacks the s.
  string(REGEX REPLACE "selections" "selection" file "${module}")
  file(READ "${VEGA}/vega-${file}.min.js" code)
  string(REGEX REPLACE "//# sourceMappingURL=[^\n]*" "" code "${code}")
  string(REPLACE "</script" "<\\/script" code "${code}")
  string(APPEND text
         "define('vega-${module}', function (exports, module, require) {\n"
         "${code}});\n")
endforeach()
string(APPEND text [=[
  ['vega-transforms', 'vega-view-transforms', 'vega-encode'].forEach(
    function (name) {
      Object.assign(loaded['vega-dataflow'].transforms, loaded[name]);
    });
  return {View: loaded['vega-view'].View, parse: loaded['vega-parser'].parse};
})();
]=])
file(WRITE "${OUT}" "${text}")
