import type { PeopleResponseDto, PersonResponseDto } from '#contracts/api/people.ts'
import type { PeoplePage, Person } from '#db/queries/people.ts'

export function presentPerson({ thumbnailKey, color, ...person }: Person): PersonResponseDto {
  return {
    id: person.id,
    name: person.name,
    birthDate: person.birthDate,
    thumbnailPath: thumbnailKey ?? '',
    isHidden: person.isHidden,
    isFavorite: person.isFavorite,
    ...(color !== null && { color }),
    updatedAt: person.updatedAt,
  }
}

export function presentPeople({ people, ...page }: PeoplePage): PeopleResponseDto {
  return { people: people.map(presentPerson), ...page }
}
