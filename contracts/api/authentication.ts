import { z } from 'zod'
import { UserId } from '../ids.ts'
import { Email, GivenPassword, LowerCaseEmail, NewPassword, PersonName } from './users.ts'

/** `signupCode` is ours: asked for when the server is open to the network. Also taken as header x-signup-code. */
export const SignUpDto = z
  .object({
    email: LowerCaseEmail,
    name: PersonName,
    password: NewPassword,
    signupCode: z.string().max(200).optional(),
  })
  .meta({ id: 'SignUpDto' })
export type SignUpDto = z.infer<typeof SignUpDto>

export const LoginCredentialDto = z
  .object({ email: LowerCaseEmail, password: GivenPassword })
  .meta({ id: 'LoginCredentialDto' })
export type LoginCredentialDto = z.infer<typeof LoginCredentialDto>

export const LoginResponseDto = z
  .object({
    accessToken: z.string(),
    userId: UserId,
    userEmail: Email,
    name: z.string(),
    profileImagePath: z.string(),
    isAdmin: z.boolean(),
    shouldChangePassword: z.boolean(),
    isOnboarded: z.boolean(),
  })
  .meta({ id: 'LoginResponseDto' })
export type LoginResponseDto = z.infer<typeof LoginResponseDto>

export const LogoutResponseDto = z
  .object({ successful: z.boolean(), redirectUri: z.string() })
  .meta({ id: 'LogoutResponseDto' })

export const ValidateAccessTokenResponseDto = z
  .object({ authStatus: z.boolean() })
  .meta({ id: 'ValidateAccessTokenResponseDto' })

export const AuthStatusResponseDto = z
  .object({
    password: z.boolean(),
    pinCode: z.boolean(),
    isElevated: z.boolean(),
    expiresAt: z.string().optional(),
    pinExpiresAt: z.string().optional(),
  })
  .meta({ id: 'AuthStatusResponseDto' })
export type AuthStatusResponseDto = z.infer<typeof AuthStatusResponseDto>

export const ChangePasswordDto = z
  .object({
    password: GivenPassword,
    newPassword: NewPassword,
    invalidateSessions: z.boolean().default(false),
  })
  .meta({ id: 'ChangePasswordDto' })
export type ChangePasswordDto = z.infer<typeof ChangePasswordDto>
