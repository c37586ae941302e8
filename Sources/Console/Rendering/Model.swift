import BoundaryText
import Foundation

/// What a template is filled with. Dictionaries, because templates look names up in them quickest.
typealias Model = [String: Any]

extension Dictionary where Key == String, Value == Any {
    /// A model in which a missing value stops the search: a template would otherwise go on looking in the model around it.
    init(_ values: [String: Any?]) {
        self = values.mapValues { $0 ?? false }
    }

    /// The model with further values.
    func with(_ values: [String: Any?]) -> Model {
        merging(Model(values)) { $1 }
    }
}
