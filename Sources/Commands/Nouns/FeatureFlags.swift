import API
import ArgumentParser
import BoundaryText
import HTTPTypes

/// What is enabled.
enum FeatureFlags: Noun {
    private typealias Answer = API.FeatureFlags.Answer.CodingKeys

    static let resource = Resource(
        singular: "feature-flag", plural: "feature-flags", about: "Enables or disables a feature.",
        list: Endpoint(API.FeatureFlags.list), update: Endpoint(API.FeatureFlags.update),
        columns: [Column(Answer.name).key, Column(Answer.enabled, .yesNo).key, Column(Answer.summary, "what it is")],
        switching: .enabling(
            API.FeatureFlags.Change.CodingKeys.enabled, on: "Enable a feature.", off: "Disable a feature.",
            offIsAsked: true),
        sample: .init(subject: "bulk_assignment"))
}
