import type { FaceId, PersonId } from '#contracts/ids.ts'
import type {
  Clustering,
  ClusterPerson,
  Neighbour,
  Neighbourhood,
  WaitingFace,
} from '#db/queries/face-clustering.ts'

/*
 * [Note: Who is who]
 *
 * Faces are similar up to a distance. A face with enough similar ones is dense; dense and in the timeline, or assigned by
 * hand, it is core. Core faces that are similar are one person, whatever chain of faces leads from one to the
 * other; a face that is not core goes to the person of the nearest core face (DBSCAN). None of this depends on the
 * order in which faces come: a new one can make others core and join what stood apart, never the reverse.
 *
 * What is there already is not taken apart: a person's faces count as connected, and a photo that goes away leaves the
 * others together. When a new face connects two people, the larger, then the older, takes in the other, unless
 * somebody has claimed both (see `people.claimedAt`). Between claimed people the faces are divided: edges are taken
 * from the nearest on, and one that would join two of them is left out. A hidden person takes in faces but
 * nobody who is seen, and nobody gets a face from before their birth.
 */

/** What is joined: a person with all their faces, or a face without one. */
type Cluster = {
  claimed: ClusterPerson | undefined
  unclaimed: ClusterPerson[]
  faces: WaitingFace[]
  /** The oldest photo that would come to whoever claims this. */
  earliestOn: string | undefined
}

type Edge = { from: string; to: string; distance: number }

export type Scene = {
  /** New faces, and those of which it has to be seen whether they have become dense. */
  looked: Neighbourhood
  /** Faces that others may have come near to. */
  around: Neighbourhood
  /** Known to be dense from before. */
  dense: ReadonlySet<FaceId>
  people: ClusterPerson[]
  minFaces: number
  newId: () => PersonId
}

/** How many similar faces each has, itself included, as far as that matters. */
export function findDense(
  { faces, neighbours }: Neighbourhood,
  { dense, minFaces }: Pick<Scene, 'dense' | 'minFaces'>,
): Set<FaceId> {
  const counts = new Map<FaceId, number>()
  for (const { faceId, count } of neighbours) counts.set(faceId, (counts.get(faceId) ?? 1) + count)
  const isDense = ({ id }: WaitingFace) => dense.has(id) || (counts.get(id) ?? 1) >= minFaces
  return new Set(faces.filter(isDense).map(({ id }) => id))
}

/** See [Note: Who is who]. */
export function clusterFaces(scene: Scene): Omit<Clustering, 'looked'> {
  const dense = findDense(scene.looked, scene)
  const faces = new Map(scene.looked.faces.map((face) => [face.id, face]))
  const people = new Map(scene.people.map((person) => [person.id, person]))
  const isCore = (face: WaitingFace) =>
    face.isHandAssigned || (dense.has(face.id) && face.isInTimeline)

  /** The node behind a neighbour that holds a cluster together. */
  const coreNode = ({ kind, otherId, personId }: Neighbour): string | undefined => {
    const face = otherId === null ? undefined : faces.get(otherId)
    if (face) return isCore(face) ? nodeOf(face) : undefined
    return kind === 'core' && personId && people.has(personId) ? personId : undefined
  }
  const nodeOf = ({ id, personId }: WaitingFace) =>
    personId && people.has(personId) ? personId : id

  const clusters = new Clusters()
  for (const person of people.values()) clusters.add(person.id, clusterOfPerson(person))
  const core = scene.looked.faces.filter(isCore)
  for (const face of core)
    if (!people.has(nodeOf(face) as PersonId)) clusters.add(face.id, clusterOfFace(face))

  const edges = scene.looked.neighbours.flatMap((neighbour): Edge[] => {
    const face = faces.get(neighbour.faceId)
    const to = coreNode(neighbour)
    if (!face || !isCore(face) || to === undefined) return []
    return [{ from: nodeOf(face), to, distance: neighbour.distance }]
  })
  for (const { from, to } of edges.sort(byDistance)) clusters.join(from, to)

  const found = nameClusters(clusters.all(), scene.newId)
  const borders = [...scene.looked.faces.filter((face) => !isCore(face)), ...scene.around.faces]
  const nearest = nearestCores([...scene.looked.neighbours, ...scene.around.neighbours], coreNode)
  const moved = borders.flatMap((face) => {
    if (face.isHandAssigned) return []
    const from = face.personId && (found.mergedInto.get(face.personId) ?? face.personId)
    const to = nearest
      .get(face.id)
      ?.map((node) => found.personOf.get(clusters.find(node)))
      .find((person) => person !== undefined && isOldEnough(person, face))
    if (!to || to.id === from || !mayMove(from ? people.get(from) : undefined, to)) return []
    return [{ faceId: face.id, from, to: to.id }]
  })
  const { newPeople, merges, moves } = found
  return { newPeople, merges, moves: [...moves, ...moved] }
}

const byDistance = (one: Edge, other: Edge) =>
  one.distance - other.distance || compare(one.from, other.from) || compare(one.to, other.to)

const compare = (one: string, other: string) => (one < other ? -1 : one > other ? 1 : 0)

/** The core nodes around each face, the nearest first. */
function nearestCores(
  neighbours: Neighbour[],
  coreNode: (neighbour: Neighbour) => string | undefined,
): Map<FaceId, string[]> {
  const edges = neighbours.flatMap((neighbour) => {
    const to = coreNode(neighbour)
    return to === undefined ? [] : [{ from: neighbour.faceId, to, distance: neighbour.distance }]
  })
  const nearest = new Map<FaceId, string[]>()
  for (const { from, to } of edges.sort(byDistance)) {
    const known = nearest.get(from)
    if (known) known.push(to)
    else nearest.set(from, [to])
  }
  return nearest
}

type Named = Pick<ClusterPerson, 'id' | 'birthDate' | 'isHidden'>

const isOldEnough = ({ birthDate }: Named, { takenOn }: WaitingFace) =>
  birthDate === null || birthDate <= takenOn

/** Whoever was claimed keeps all faces; a visible one is not lost to somebody hidden. */
function mayMove(from: ClusterPerson | undefined, to: Named): boolean {
  return !from || !(from.isClaimed || (to.isHidden && !from.isHidden))
}

function clusterOfPerson(person: ClusterPerson): Cluster {
  return {
    claimed: person.isClaimed ? person : undefined,
    unclaimed: person.isClaimed ? [] : [person],
    faces: [],
    // What a claimed person has is not asked for again.
    earliestOn: person.isClaimed ? undefined : (person.earliestOn ?? undefined),
  }
}

const clusterOfFace = (face: WaitingFace): Cluster => ({
  claimed: undefined,
  unclaimed: [],
  faces: [face],
  earliestOn: face.takenOn,
})

/** Union-find over nodes, which refuses what a person has forbidden. */
class Clusters {
  readonly #parents = new Map<string, string>()
  readonly #clusters = new Map<string, Cluster>()

  add(node: string, cluster: Cluster) {
    this.#parents.set(node, node)
    this.#clusters.set(node, cluster)
  }

  find(node: string): string {
    const parent = this.#parents.get(node)
    if (parent === undefined || parent === node) return node
    const root = this.find(parent)
    this.#parents.set(node, root)
    return root
  }

  join(one: string, other: string) {
    const [a, b] = [this.find(one), this.find(other)]
    const [first, second] = [this.#clusters.get(a), this.#clusters.get(b)]
    if (a === b || !first || !second || !mayJoin(first, second)) return
    this.#parents.set(b, a)
    this.#clusters.delete(b)
    this.#clusters.set(a, joined(first, second))
  }

  all(): [string, Cluster][] {
    return [...this.#clusters]
  }
}

function joined(one: Cluster, other: Cluster): Cluster {
  const dates = [one.earliestOn, other.earliestOn].filter((date) => date !== undefined)
  return {
    claimed: one.claimed ?? other.claimed,
    unclaimed: [...one.unclaimed, ...other.unclaimed],
    faces: [...one.faces, ...other.faces],
    earliestOn: dates.sort(compare)[0],
  }
}

function mayJoin(one: Cluster, other: Cluster): boolean {
  if (one.claimed && other.claimed) return false
  const { claimed } = one.claimed ? one : other
  const newcomer = one.claimed ? other : one
  if (!claimed) return true
  if (claimed.isHidden && newcomer.unclaimed.some(({ isHidden }) => !isHidden)) return false
  const { birthDate } = claimed
  return !birthDate || !newcomer.earliestOn || birthDate <= newcomer.earliestOn
}

type Found = {
  newPeople: PersonId[]
  merges: Clustering['merges']
  moves: Clustering['moves']
  mergedInto: Map<PersonId, PersonId>
  /** By the root of the cluster. */
  personOf: Map<string, Named>
}

function nameClusters(clusters: [string, Cluster][], newId: () => PersonId): Found {
  const found: Found = {
    newPeople: [],
    merges: [],
    moves: [],
    mergedInto: new Map(),
    personOf: new Map(),
  }
  for (const [root, { claimed, unclaimed, faces }] of clusters) {
    const person = claimed ?? largest(unclaimed) ?? someoneNew(newId())
    if (!claimed && unclaimed.length === 0) found.newPeople.push(person.id)
    found.personOf.set(root, person)
    for (const { id } of unclaimed) {
      if (id === person.id) continue
      found.merges.push({ from: id, into: person.id })
      found.mergedInto.set(id, person.id)
    }
    for (const { id } of faces) found.moves.push({ faceId: id, from: null, to: person.id })
  }
  return found
}

const someoneNew = (id: PersonId): Named => ({ id, birthDate: null, isHidden: false })

/** The oldest comes first and wins a draw. */
function largest(people: ClusterPerson[]): ClusterPerson | undefined {
  return [...people]
    .sort((one, other) => compare(one.id, other.id))
    .reduce<ClusterPerson | undefined>(
      (best, person) => (best && best.faceCount >= person.faceCount ? best : person),
      undefined,
    )
}
