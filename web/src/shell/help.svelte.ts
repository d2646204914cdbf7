class Help {
  isOpen = $state(false)

  open() {
    this.isOpen = true
  }

  close() {
    this.isOpen = false
  }
}

export const help = new Help()
