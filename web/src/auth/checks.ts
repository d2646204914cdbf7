export const MIN_PASSWORD_LENGTH = 8

export function emailProblem(email: string): string | undefined {
  return /^\S+@\S+$/.test(email.trim())
    ? undefined
    : 'Enter an email address, such as ada@example.org.'
}

export function passwordProblem(password: string): string | undefined {
  return password.length >= MIN_PASSWORD_LENGTH
    ? undefined
    : `Use at least ${MIN_PASSWORD_LENGTH} characters.`
}
