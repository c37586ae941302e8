import API
import BoundaryText
import Database

extension Role: SQLConvertible, SQLDecodable {}
