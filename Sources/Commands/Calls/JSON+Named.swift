import API
import ArgumentParser
import BoundaryText
import Foundation
import HTTPTypes
import WebSupport

extension JSON {
    /// The same thing with references replaced by their names.
    func named(_ keys: any CodingKey...) -> JSON {
        guard case .object(var members) = self else { return self }
        for name in keys.map(\.stringValue) { members[name] = self[name][Reference.CodingKeys.name] }
        return .object(members)
    }
}
