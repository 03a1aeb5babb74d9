// Positions on the plan: Web Mercator in metres, neighbours, and lines between them.

const RADIUS = 6378137;
export const WORLD = 2 * Math.PI * RADIUS;

export function project(lat, lon) {
  const clipped = Math.max(-85, Math.min(85, lat)) * Math.PI / 180;
  return [RADIUS * lon * Math.PI / 180, -RADIUS * Math.log(Math.tan(Math.PI / 4 + clipped / 2))];
}

// How many true metres one unit of the plan is at that height of it.
export const trueMetres = (y) => 1 / Math.cosh(y / RADIUS);

// Lines that join each point to its nearest neighbours: a spanning tree without edges that are far too long.
export function lines(points) {
  const edges = [];
  if (points.length < 2) return { edges, spacing: 0 };
  const left = points.map(() => true), distance = points.map(() => Infinity), from = points.map(() => 0);
  distance[0] = 0;
  for (let n = 0; n < points.length; n++) {
    let next = -1;
    for (let i = 0; i < points.length; i++) if (left[i] && (next < 0 || distance[i] < distance[next])) next = i;
    left[next] = false;
    if (n) edges.push([from[next], next, Math.sqrt(distance[next])]);
    const [x, y] = points[next];
    for (let i = 0; i < points.length; i++) {
      if (!left[i]) continue;
      const gap = (points[i][0] - x) ** 2 + (points[i][1] - y) ** 2;
      if (gap < distance[i]) [distance[i], from[i]] = [gap, next];
    }
  }
  const lengths = edges.map((edge) => edge[2]).filter((length) => length > 0).sort((a, b) => a - b);
  const spacing = lengths[Math.floor(lengths.length / 2)] || 0;
  return { edges: edges.filter((edge) => edge[2] <= 4 * spacing), spacing };
}

// The point that lies nearest in a direction; -1 for none.
export function nearest(points, of, [dx, dy]) {
  let best = -1, least = Infinity;
  points.forEach(([x, y], i) => {
    const [ax, ay] = [x - points[of][0], y - points[of][1]];
    const along = ax * dx + ay * dy, aside = Math.abs(ax * dy - ay * dx);
    if (i === of || along <= 0 || aside > along * 1.5) return;
    const cost = along + 2 * aside;
    if (cost < least) [best, least] = [i, cost];
  });
  return best;
}
