export const MIN_PASSWORD_LENGTH = 8

export function emailProblem(email: string): string | undefined {
  return /^\S+@\S+$/.test(email.trim()) ? undefined : 'This is not an email address.'
}

export function passwordProblem(password: string): string | undefined {
  return password.length >= MIN_PASSWORD_LENGTH
    ? undefined
    : `At least ${MIN_PASSWORD_LENGTH} characters, please.`
}
