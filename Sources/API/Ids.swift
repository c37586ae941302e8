import BoundaryText
// Operations, bodies and answers are full of ids: who imports them has those as well.
@_exported import Ids
