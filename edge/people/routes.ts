import { Hono } from 'hono'
import { z } from 'zod'
import { BulkIdResponseDto } from '#contracts/api/common.ts'
import {
  AssetFaceUpdateDto,
  MergePersonDto,
  PeopleQuery,
  PeopleResponseDto,
  PeopleUpdateDto,
  PersonCreateDto,
  PersonParams,
  PersonResponseDto,
  PersonStatisticsResponseDto,
  PersonThumbnailQuery,
  PersonUpdateDto,
} from '#contracts/api/people.ts'
import { BulkIdsDto } from '#contracts/api/trash.ts'
import { PersonId } from '#contracts/ids.ts'
import { countPersonAssets, deletePeople, findPerson, insertPerson } from '#db/queries/people.ts'
import type { AppEnv } from '../app-env.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { listPeoplePage } from './list-people.ts'
import { mergeInOrder, mergeInto } from './merge-people.ts'
import { noAccess } from './no-access.ts'
import { presentPeople, presentPerson } from './present-person.ts'
import { reassign } from './reassign.ts'
import { sendPersonThumbnail } from './send-person-thumbnail.ts'
import { changePeople, changePerson } from './update-person.ts'

export const peopleRoutes = new Hono<AppEnv>()
  .get(
    '/',
    allow('person.read'),
    validate('query', PeopleQuery),
    answers(200, PeopleResponseDto),
    async (c) => {
      const { deps, viewer } = c.var
      return c.json(presentPeople(await listPeoplePage(deps, viewer, c.req.valid('query'))))
    },
  )
  .post(
    '/',
    allow('person.create'),
    validate('json', PersonCreateDto),
    answers(201, PersonResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      const personId = deps.newId<PersonId>()
      const change = c.req.valid('json')
      const person = await insertPerson(deps.db, { viewerId, personId, change })
      return c.json(presentPerson(person), 201)
    },
  )
  .put(
    '/',
    allow('person.update'),
    validate('json', PeopleUpdateDto),
    answers(200, z.array(BulkIdResponseDto)),
    async (c) => c.json(await changePeople(c.var.deps, c.var.viewer, c.req.valid('json').people)),
  )
  .delete('/', allow('person.delete'), validate('json', BulkIdsDto), answers(204), async (c) => {
    const { deps, viewerId } = c.var
    const { db, requestId } = deps
    const personIds = c.req.valid('json').ids.map((id) => PersonId.parse(id))
    if (!(await deletePeople(db, { viewerId, personIds, requestId }))) {
      throw noAccess('person.delete')
    }
    return c.body(null, 204)
  })
  .post(
    '/merge',
    allow('person.merge'),
    validate('json', MergePersonDto),
    answers(200, z.array(BulkIdResponseDto)),
    async (c) => c.json(await mergeInOrder(c.var.deps, c.var.viewerId, c.req.valid('json').ids)),
  )
  .get(
    '/:id',
    allow('person.read'),
    validate('param', PersonParams),
    answers(200, PersonResponseDto),
    async (c) => {
      const { deps, viewerId } = c.var
      const person = await findPerson(deps.db, { viewerId, personId: c.req.valid('param').id })
      if (!person) throw noAccess('person.read')
      return c.json(presentPerson(person))
    },
  )
  .put(
    '/:id',
    allow('person.update'),
    validate('param', PersonParams),
    validate('json', PersonUpdateDto),
    answers(200, PersonResponseDto),
    async (c) => {
      const change = { ...c.req.valid('json'), ...c.req.valid('param') }
      return c.json(presentPerson(await changePerson(c.var.deps, c.var.viewer, change)))
    },
  )
  .delete(
    '/:id',
    allow('person.delete'),
    validate('param', PersonParams),
    answers(204),
    async (c) => {
      const { deps, viewerId } = c.var
      const { db, requestId } = deps
      const personIds = [c.req.valid('param').id]
      if (!(await deletePeople(db, { viewerId, personIds, requestId }))) {
        throw noAccess('person.delete')
      }
      return c.body(null, 204)
    },
  )
  .post(
    '/:id/merge',
    allow('person.merge'),
    validate('param', PersonParams),
    validate('json', MergePersonDto),
    answers(200, z.array(BulkIdResponseDto)),
    async (c) => {
      const merge = { personId: c.req.valid('param').id, otherIds: c.req.valid('json').ids }
      return c.json(await mergeInto(c.var.deps, c.var.viewerId, merge))
    },
  )
  .put(
    '/:id/reassign',
    allow('person.reassign'),
    validate('param', PersonParams),
    validate('json', AssetFaceUpdateDto),
    answers(200, z.array(PersonResponseDto)),
    async (c) => {
      const { data } = c.req.valid('json')
      const faces = data.map(({ assetId, personId }) => ({ assetId, fromPersonId: personId }))
      const move = { personId: c.req.valid('param').id, faces }
      const person = presentPerson(await reassign(c.var.deps, c.var.viewer, move))
      return c.json(data.map(() => person))
    },
  )
  .get(
    '/:id/statistics',
    allow('person.statistics'),
    validate('param', PersonParams),
    answers(200, PersonStatisticsResponseDto),
    async (c) => {
      const scope = { viewerId: c.var.viewerId, personId: c.req.valid('param').id }
      const count = await countPersonAssets(c.var.deps.db, scope)
      if (count === undefined) throw noAccess('person.read')
      return c.json({ assets: count })
    },
  )
  .get(
    '/:id/thumbnail',
    allow('person.read'),
    validate('param', PersonParams),
    validate('query', PersonThumbnailQuery),
    answers(200, undefined, 'application/octet-stream'),
    (c) => {
      const isVersioned = c.req.valid('query').updatedAt !== undefined
      return sendPersonThumbnail(c, { personId: c.req.valid('param').id, isVersioned })
    },
  )
