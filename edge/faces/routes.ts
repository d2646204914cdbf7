import { Hono } from 'hono'
import { z } from 'zod'
import {
  AssetFaceCreateDto,
  AssetFaceDeleteDto,
  AssetFaceResponseDto,
  FaceDto,
  FaceParams,
  FacesQuery,
} from '#contracts/api/faces.ts'
import { PersonParams, PersonResponseDto } from '#contracts/api/people.ts'
import { deleteFace, listFaces } from '#db/queries/faces.ts'
import type { AppEnv } from '../app-env.ts'
import { assetViewerOf } from '../assets/asset-viewer.ts'
import { allow } from '../http/allow.ts'
import { answers } from '../http/answers.ts'
import { validate } from '../http/validate.ts'
import { noAccess } from '../people/no-access.ts'
import { presentPerson } from '../people/present-person.ts'
import { reassign } from '../people/reassign.ts'
import { createFace } from './create-face.ts'
import { presentFace } from './present-face.ts'

export const faceRoutes = new Hono<AppEnv>()
  .get(
    '/',
    allow('face.read'),
    validate('query', FacesQuery),
    answers(200, z.array(AssetFaceResponseDto)),
    async (c) => {
      const scope = { ...assetViewerOf(c.var.viewer), assetId: c.req.valid('query').id }
      const faces = await listFaces(c.var.deps.db, scope)
      if (!faces) throw noAccess('asset.read')
      return c.json(faces.map(presentFace))
    },
  )
  .post(
    '/',
    allow('face.create'),
    validate('json', AssetFaceCreateDto),
    answers(201),
    async (c) => {
      await createFace(c.var.deps, c.var.viewer, c.req.valid('json'))
      return c.body(null, 201)
    },
  )
  // The path names the person, the body the face: as Immich has it.
  .put(
    '/:id',
    allow('face.update'),
    validate('param', PersonParams),
    validate('json', FaceDto),
    answers(200, PersonResponseDto),
    async (c) => {
      const faces = { faceIds: [c.req.valid('json').id] }
      const move = {
        personId: c.req.valid('param').id,
        faces,
        permission: 'person.create',
      } as const
      return c.json(presentPerson(await reassign(c.var.deps, c.var.viewer, move)))
    },
  )
  .delete(
    '/:id',
    allow('face.delete'),
    validate('param', FaceParams),
    validate('json', AssetFaceDeleteDto),
    answers(204),
    async (c) => {
      const { db, requestId } = c.var.deps
      const { force: isForced } = c.req.valid('json')
      const scope = { ...assetViewerOf(c.var.viewer), faceId: c.req.valid('param').id }
      const isGone = await deleteFace(db, { ...scope, isForced, requestId })
      if (!isGone) throw noAccess('face.delete')
      return c.body(null, 204)
    },
  )
