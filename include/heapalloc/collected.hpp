/* Collected arenas for C++17: objects that nobody deletes, roots, weak references, an allocator. Header only, over
 * collected.h, whose rules on threads and stacks hold. */
/* SPDX-License-Identifier: MIT */
#pragma once
#include <cstddef>
#include <heapalloc/collected.h>
#include <limits>
#include <memory>
#include <new>
#include <type_traits>
#include <utility>

namespace heapalloc {

struct collected_delete {
    void operator()(heapalloc_collected *collected) const noexcept { heapalloc_collected_destroy(collected); }
};

/* An owner: at its end finalisers run and all blocks are freed. */
using unique_collected = std::unique_ptr<heapalloc_collected, collected_delete>;

/* Make a collected arena. Throws std::bad_alloc when the options are out of range or there is no memory. */
inline unique_collected make_collected(const heapalloc_collected_options &options = {}) {
    unique_collected collected(heapalloc_collected_create(&options));
    if (!collected) throw std::bad_alloc();
    return collected;
}

/* Construct an object in a collected arena, which destroys it when it cannot be reached any more, or with the arena; in
 * no particular order, so a destructor must not use other objects of the arena. Throws std::bad_alloc, or what the
 * constructor throws. */
template <class T, class... Arguments> T *make_in(heapalloc_collected *collected, Arguments &&...arguments) {
    static_assert(alignof(T) <= 16, "a collected block lies at a multiple of 16");
    void *place = heapalloc_collected_alloc(collected, sizeof(T));
    if (!place) throw std::bad_alloc();
    T *object = new (place) T(std::forward<Arguments>(arguments)...);
    if constexpr (!std::is_trivially_destructible_v<T>) {
        auto destroy = [](void *block, void *) { static_cast<T *>(block)->~T(); };
        if (!heapalloc_collected_finalizer(collected, object, destroy, nullptr)) {
            object->~T();
            throw std::bad_alloc();
        }
    }
    return object;
}

/* Makes an object outside of the stack and the arena a root for its lifetime: pointers in it keep their blocks. */
class collected_root {
  public:
    template <class T>
    collected_root(heapalloc_collected *collected, const T &object) : collected_(collected), from_(&object) {
        if (!heapalloc_collected_root(collected, from_, sizeof(T))) throw std::bad_alloc();
    }
    ~collected_root() { heapalloc_collected_unroot(collected_, from_); }
    collected_root(const collected_root &) = delete;
    collected_root &operator=(const collected_root &) = delete;

  private:
    heapalloc_collected *collected_;
    const void *from_;
};

/* A reference that does not keep its object: get() is NULL once that is gone. It has to end before the arena. */
template <class T> class collected_weak {
  public:
    collected_weak(heapalloc_collected *collected, T *object)
        : collected_(collected), place_(std::make_unique<void *>(object)) {
        if (!heapalloc_collected_weak(collected, place_.get())) throw std::bad_alloc();
    }
    ~collected_weak() {
        if (place_) heapalloc_collected_unweak(collected_, place_.get());
    }
    collected_weak(collected_weak &&other) noexcept = default;
    collected_weak &operator=(collected_weak &&other) noexcept {
        std::swap(collected_, other.collected_);
        std::swap(place_, other.place_);
        return *this;
    }

    T *get() const noexcept { return place_ ? static_cast<T *>(*place_) : nullptr; }
    explicit operator bool() const noexcept { return get() != nullptr; }

  private:
    heapalloc_collected *collected_;
    std::unique_ptr<void *> place_; /* in malloc's memory, which the arena does not scan */
};

/* An allocator for containers whose elements a collected arena frees; deallocation does nothing. The container itself
 * is on the stack, in the arena, or a root. It throws std::bad_alloc when there is no memory. */
template <class T> class collected_allocator {
  public:
    using value_type = T;
    using propagate_on_container_move_assignment = std::true_type;
    using propagate_on_container_swap = std::true_type;

    explicit collected_allocator(heapalloc_collected *collected) noexcept : collected_(collected) {}
    template <class U>
    collected_allocator(const collected_allocator<U> &other) noexcept : collected_(other.collected()) {}

    heapalloc_collected *collected() const noexcept { return collected_; }

    T *allocate(std::size_t count) {
        static_assert(alignof(T) <= 16, "a collected block lies at a multiple of 16");
        if (count > std::numeric_limits<std::size_t>::max() / sizeof(T)) throw std::bad_alloc();
        void *p = heapalloc_collected_alloc(collected_, count * sizeof(T));
        if (!p) throw std::bad_alloc();
        return static_cast<T *>(p);
    }
    void deallocate(T *, std::size_t) noexcept {}

    template <class U> bool operator==(const collected_allocator<U> &other) const noexcept {
        return collected_ == other.collected();
    }
    template <class U> bool operator!=(const collected_allocator<U> &other) const noexcept {
        return collected_ != other.collected();
    }

  private:
    heapalloc_collected *collected_;
};

} // namespace heapalloc
