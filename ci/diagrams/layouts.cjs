// Positions of the nodes of graphs, by dagre: reads graphs from standard input, and writes the centers of their nodes.
const cytoscape = require("cytoscape");
cytoscape.use(require("cytoscape-dagre"));

function centers({ nodes, arrows }) {
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
  return positions.map(({ x, y }) => [Math.round(x), Math.round(y)]);
}

const { readFileSync, writeSync } = require("fs");
writeSync(1, JSON.stringify(JSON.parse(readFileSync(0, "utf-8")).map(centers)));
process.exit(0);
