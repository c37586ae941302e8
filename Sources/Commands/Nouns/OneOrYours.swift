import API
import ArgumentParser
import BoundaryText
import HTTPTypes
import WebSupport

/// An organization, or yours.
struct OneOrYours: SubjectArguments {
    @Argument(
        help: ArgumentHelp("The id or the name of the organization; yours by default.", valueName: "organization"))
    var typed: String?
}
