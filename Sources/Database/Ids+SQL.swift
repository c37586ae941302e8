import BoundaryText
// Rows are full of ids: who reads them has those as well.
@_exported import Ids

extension RowID: SQLConvertible, SQLDecodable {}
extension ExternalID: SQLConvertible, SQLDecodable {}
