// The Python face of the engine. Every size and every number from outside is checked here, before a pointer moves.
#include <pybind11/numpy.h>
#include <pybind11/pybind11.h>
#include <pybind11/stl.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <system_error>
#include <vector>

#include "cpu.h"
#include "encoder.h"
#include "model_file.h"
#include "roofline.h"
#include "selection.h"
#include "thread_pool.h"

namespace py = pybind11;

namespace quantlat {
namespace {

using Integers = py::array_t<int64_t, py::array::c_style | py::array::forcecast>;
constexpr int64_t kMaxTokens = 1 << 22;

std::string at(int64_t i) { return " at " + std::to_string(i); }

// Copies a vector of integers, each of which must lie in [low, high].
std::vector<int32_t> checked(const Integers& values, const char* name, int64_t low, int64_t high) {
  if (values.ndim() != 1) throw py::value_error(std::string(name) + " must have one dimension");
  std::vector<int32_t> copy(static_cast<size_t>(values.size()));
  const int64_t* p = values.data();
  for (int64_t i = 0; i < values.size(); ++i) {
    if (p[i] < low || p[i] > high) {
      throw py::value_error(std::string(name) + at(i) + " is " + std::to_string(p[i]) + ", expected " +
                            std::to_string(low) + " to " + std::to_string(high));
    }
    copy[static_cast<size_t>(i)] = static_cast<int32_t>(p[i]);
  }
  return copy;
}

std::vector<int32_t> checked_offsets(const Integers& offsets, int64_t tokens, int64_t longest) {
  std::vector<int32_t> copy = checked(offsets, "offsets", 0, tokens);
  if (copy.empty() || copy.front() != 0 || copy.back() != tokens) {
    throw py::value_error("offsets must begin with 0 and end with the number of tokens, " + std::to_string(tokens));
  }
  for (size_t i = 1; i < copy.size(); ++i) {
    const int64_t length = static_cast<int64_t>(copy[i]) - copy[i - 1];
    if (length < 1 || length > longest) {
      throw py::value_error("sequence " + std::to_string(i - 1) + " has " + std::to_string(length) +
                            " tokens, expected 1 to " + std::to_string(longest));
    }
  }
  return copy;
}

std::vector<int32_t> checked_lengths(const Integers& lengths, const std::vector<int32_t>& offsets, int64_t layers) {
  const int64_t sequences = static_cast<int64_t>(offsets.size()) - 1;
  const bool shared = lengths.ndim() == 1 && lengths.shape(0) == layers;
  if (!shared && !(lengths.ndim() == 2 && lengths.shape(0) == sequences && lengths.shape(1) == layers)) {
    throw py::value_error("lengths must be [" + std::to_string(layers) + "] or [" + std::to_string(sequences) + ", " +
                          std::to_string(layers) + "]");
  }
  std::vector<int32_t> copy(static_cast<size_t>(sequences * layers));
  for (int64_t s = 0; s < sequences; ++s) {
    int64_t before = offsets[static_cast<size_t>(s) + 1] - offsets[static_cast<size_t>(s)];
    for (int64_t i = 0; i < layers; ++i) {
      const int64_t length = lengths.data()[shared ? i : s * layers + i];
      if (length < 1 || length > before) {
        throw py::value_error("sequence " + std::to_string(s) + ", layer " + std::to_string(i) + ": cannot keep " +
                              std::to_string(length) + " of " + std::to_string(before) + " rows");
      }
      copy[static_cast<size_t>(s * layers + i)] = static_cast<int32_t>(length);
      before = length;
    }
  }
  return copy;
}

py::object run(Session& session, const Integers& ids, const Integers& offsets, const py::object& types,
               const py::object& lengths, bool return_left) {
  const Config& c = session.model().config;
  if (ids.size() > kMaxTokens) throw py::value_error("more than " + std::to_string(kMaxTokens) + " tokens in a batch");
  const std::vector<int32_t> id = checked(ids, "ids", 0, c.vocabulary - 1);
  const std::vector<int32_t> offset = checked_offsets(offsets, ids.size(), c.max_positions);
  std::vector<int32_t> type(id.size(), 0);
  if (!types.is_none() && c.types) {
    type = checked(types.cast<Integers>(), "types", 0, c.types - 1);
    if (type.size() != id.size()) throw py::value_error("types must have as many elements as ids");
  }
  std::vector<int32_t> length;
  if (!lengths.is_none()) length = checked_lengths(lengths.cast<Integers>(), offset, c.layers);
  const py::ssize_t sequences = static_cast<py::ssize_t>(offset.size()) - 1;
  const bool spans = c.task == Task::kQuestionAnswering;
  py::array_t<float> logits({spans ? static_cast<py::ssize_t>(ids.size()) : sequences,
                             static_cast<py::ssize_t>(c.outputs())});
  py::array_t<int32_t> left(return_left ? static_cast<py::ssize_t>(ids.size()) : 0);
  float* out = logits.mutable_data();
  int32_t* out_left = return_left ? left.mutable_data() : nullptr;
  {
    const py::gil_scoped_release release;
    session.run({id.data(), type.data(), offset.data(), length.empty() ? nullptr : length.data(),
                 static_cast<int>(sequences)},
                out, out_left);
  }
  if (return_left) return py::make_tuple(logits, left);
  return std::move(logits);
}

std::shared_ptr<const Model> parse(const py::bytes& data) {
  const std::string_view view = data;
  return Model::parse(reinterpret_cast<const uint8_t*>(view.data()), view.size());
}

std::vector<int32_t> rows_kept(const py::array_t<float, py::array::c_style | py::array::forcecast>& scores, int keep) {
  const int count = static_cast<int>(scores.size());
  if (keep < 1 || keep > count) throw py::value_error("keep must be in 1 to " + std::to_string(count));
  std::vector<uint64_t> keys(static_cast<size_t>(count));
  std::vector<int32_t> kept(static_cast<size_t>(count));
  select_rows(scores.data(), count, keep, keys.data(), kept.data());
  kept.resize(static_cast<size_t>(keep));
  return kept;
}

using Floats = py::array_t<float, py::array::c_style | py::array::forcecast>;

py::array_t<float> exp_negative(const Floats& x, const std::string& kernels) {
  py::array_t<float> out(x.size());
  select_kernels(kernels).exp_negative(x.data(), out.mutable_data(), static_cast<int>(x.size()));
  return out;
}

py::array_t<float> activate(const Floats& x, const std::string& activation, const std::string& kernels) {
  const Activation a = activation == "gelu"       ? Activation::kGelu
                       : activation == "gelu_new" ? Activation::kGeluTanh
                                                  : Activation::kRelu;
  py::array_t<float> out(x.size());
  std::copy(x.data(), x.data() + x.size(), out.mutable_data());
  select_kernels(kernels).activate(out.mutable_data(), x.size(), 1, static_cast<int>(x.size()), a);
  return out;
}

}  // namespace
}  // namespace quantlat

PYBIND11_MODULE(_engine, m) {
  using namespace quantlat;
  m.doc() = "quantlat's own INT8 engine for BERT-like encoders; see docs/engine.md.";
  py::register_exception_translator([](std::exception_ptr p) {
    try {
      if (p) std::rethrow_exception(p);
    } catch (const ModelFileError& e) {
      PyErr_SetString(PyExc_ValueError, e.what());
    } catch (const std::system_error& e) {
      PyErr_SetString(PyExc_OSError, e.what());
    }
  });
  py::class_<Model, std::shared_ptr<Model>>(m, "Model")
      .def_static("open", [](const std::string& path) { return std::const_pointer_cast<Model>(Model::open(path)); })
      .def_static("parse", [](const py::bytes& data) { return std::const_pointer_cast<Model>(parse(data)); })
      .def_property_readonly("layers", [](const Model& model) { return model.config.layers; })
      .def_property_readonly("file_bytes", [](const Model& model) { return model.file_bytes; });
  py::class_<Session>(m, "Session")
      .def(py::init([](std::shared_ptr<Model> model, int threads, const std::string& kernels) {
             if (threads < 1 || threads > 1024) throw py::value_error("threads must be 1 to 1024");
             return std::make_unique<Session>(std::move(model), threads, kernels);
           }),
           py::arg("model"), py::arg("threads") = 1, py::arg("kernels") = "auto")
      .def("run", &run, py::arg("ids"), py::arg("offsets"), py::arg("types") = py::none(),
           py::arg("lengths") = py::none(), py::arg("return_left") = false)
      .def_property_readonly("kernels", &Session::kernels)
      .def_property_readonly("threads", &Session::threads)
      .def_property_readonly("arena_bytes", &Session::arena_bytes);
  m.def("int8_peak", [](const std::string& kernels) { return measure_int8_peak(select_kernels(kernels)); },
        py::arg("kernels") = "auto");
  m.def(
      "kernel_timings",
      [](int rows, int hidden, int intermediate, int heads, int repeats, const std::string& kernels) {
        const bool fits = rows >= 1 && rows <= 4096 && hidden >= 8 && hidden <= 8192 && intermediate >= 8 &&
                          intermediate <= 65536 && heads >= 1 && hidden % heads == 0 &&
                          hidden / heads <= kMaxHeadSize && repeats >= 1;
        if (!fits) throw py::value_error("this shape is not one of an encoder");
        py::list rows_of_table;
        const RooflineShape shape{rows, hidden, intermediate, heads};
        for (const KernelTiming& t : measure_kernels(select_kernels(kernels), shape, repeats)) {
          rows_of_table.append(py::make_tuple(t.kernel, t.macs, t.seconds));
        }
        return rows_of_table;
      },
      py::arg("rows"), py::arg("hidden"), py::arg("intermediate"), py::arg("heads"), py::arg("repeats") = 20,
      py::arg("kernels") = "auto");
  m.def("usable_kernels", &usable_kernels);
  m.def("available_cpus", &available_cpus, py::arg("root") = "");
  m.def("select_rows", &rows_kept);
  m.def("exp_negative", &exp_negative, py::arg("x"), py::arg("kernels") = "auto");
  m.def("activate", &activate, py::arg("x"), py::arg("activation"), py::arg("kernels") = "auto");
}
