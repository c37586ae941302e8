import API
import Database

extension Role: SQLConvertible, SQLDecodable {}
