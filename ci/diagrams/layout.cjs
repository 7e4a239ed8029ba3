// Positions of the nodes of a graph, by dagre: reads the graph from standard input, and writes the centers of its nodes.
const cytoscape = require("cytoscape");
cytoscape.use(require("cytoscape-dagre"));

const { nodes, arrows } = JSON.parse(require("fs").readFileSync(0, "utf-8"));
const graph = cytoscape({
  headless: true,
  styleEnabled: true,
  style: [{ selector: "node", style: { width: "data(width)", height: "data(height)", shape: "rectangle" } }],
  elements: [
    ...nodes.map(({ width, height }, index) => ({ data: { id: `n${index}`, width, height } })),
    ...arrows.map(([source, target], index) => ({
      data: { id: `a${index}`, source: `n${source}`, target: `n${target}` },
    })),
  ],
});
graph.layout({ name: "dagre", rankDir: "TB", nodeSep: 28, rankSep: 64, animate: false, fit: false }).run();
const positions = nodes.map((_, index) => graph.$id(`n${index}`).position());
// A headless graph keeps timers, which would keep the process.
graph.destroy();
require("fs").writeSync(1, JSON.stringify(positions.map(({ x, y }) => [Math.round(x), Math.round(y)])));
process.exit(0);
