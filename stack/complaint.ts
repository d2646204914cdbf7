/** Something that the person at the terminal can act on. Shown as it is, without a stack trace. */
export class Complaint extends Error {
  readonly name = 'Complaint'
}
